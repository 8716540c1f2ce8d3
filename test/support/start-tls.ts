import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { makeAuthority } from './certificates.ts';
import { startTlsServer } from './tls-server.ts';

/** Gives the tests of a project a database server that refuses connections without TLS, and its authority. */
export default async function startTls(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-tls-'));
  const server = await startTlsServer(await makeAuthority(folder, 'authority'), 'localhost');
  project.provide('database', server.config);
  project.provide('administrator', server.administrator);
  return async () => {
    await server.stop();
    await rm(folder, { recursive: true });
  };
}

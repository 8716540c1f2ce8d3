import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { createAuthority } from './certificates.ts';
import { startTlsServer } from './tls-server.ts';
import { deferScript } from './cleanup-script.ts';

/** Provides a database server that refuses connections without TLS, and its authority, to the tests of a project. */
export default async function startTls(project: TestProject): Promise<() => Promise<void>> {
  await using cleanups = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-tls-'));
  deferScript((act) => cleanups.defer(act), 'rm -rf "$1"', folder);
  const authority = await createAuthority(folder, 'authority');
  const server = await startTlsServer(authority, 'localhost');
  cleanups.defer(() => server.stop());
  project.provide('database', server.config);
  project.provide('administrator', server.administrator);
  project.provide('authority', authority.certificate);
  const moved = cleanups.move();
  return () => moved.disposeAsync();
}

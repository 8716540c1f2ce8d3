import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';
import { findFreePort } from '../../src/database/private-mariadb.ts';
import { AWS_EMULATOR } from './aws-emulator.ts';

const run = promisify(execFile);

/** Gives the tests of a project an AWS of their own. */
export default async function startAwsEmulator(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-aws-'));
  const port = await findFreePort();
  await run(AWS_EMULATOR, ['start', folder, String(port)]);
  project.provide('aws', `http://127.0.0.1:${port}`);
  return async () => {
    await run(AWS_EMULATOR, ['stop', folder]);
    await rm(folder, { recursive: true });
  };
}

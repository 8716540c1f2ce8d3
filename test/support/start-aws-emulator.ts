import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';
import { findFreePort } from '../../src/database/private-mariadb.ts';
import { AWS_EMULATOR } from './aws-emulator.ts';

const run = promisify(execFile);

// in place of the emulator's own, with whose snapshots each new account takes seconds
const IMAGES = 'test/support/images-of-amazon.json';

/** Gives the tests of a project an AWS of their own. */
export default async function startAwsEmulator(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-aws-'));
  const port = await findFreePort();
  const env = { ...process.env, MOTO_AMIS_PATH: resolve(IMAGES) };
  await run(AWS_EMULATOR, ['start', folder, String(port)], { env });
  project.provide('aws', `http://127.0.0.1:${port}`);
  return async () => {
    await run(AWS_EMULATOR, ['stop', folder]);
    await rm(folder, { recursive: true });
  };
}

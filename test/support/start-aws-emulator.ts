import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';
import { findFreePort } from '../../src/dev/free-port.ts';
import { isRunning } from '../../src/dev/processes.ts';
import { AWS_EMULATOR } from './aws-emulator.ts';

const run = promisify(execFile);

// It replaces moto's own list, since moto creates a snapshot for each image in each new account.
const IMAGES = 'test/support/amazon-images.json';
const START_ATTEMPTS = 3;

/**
 * Provides an AWS emulator to the tests of a project: the moto server of the variable TEST_AWS_ENDPOINT, such as
 * `http://127.0.0.1:5000`, or else a new one.
 */
export default async function startAwsEmulator(
  project: TestProject,
): Promise<(() => Promise<void>) | undefined> {
  const given = process.env.TEST_AWS_ENDPOINT;
  if (given) {
    project.provide('aws', given);
    return undefined;
  }
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-aws-'));
  try {
    project.provide('aws', `http://127.0.0.1:${await start(folder)}`);
  } catch (error) {
    await rm(folder, { recursive: true });
    throw error;
  }
  return async () => {
    await run(AWS_EMULATOR, ['stop', folder]);
    await rm(folder, { recursive: true });
  };
}

/** Starts the emulator, and returns its port. Retries with another port if another process has taken the first one. */
async function start(folder: string): Promise<number> {
  const env = { ...process.env, MOTO_AMIS_PATH: resolve(IMAGES) };
  for (let attempt = 1; ; attempt += 1) {
    const port = await findFreePort();
    const started = run(AWS_EMULATOR, ['start', folder, String(port)], { env });
    const error = await started.then(
      () => null,
      (reason: unknown) => reason,
    );
    // The program also succeeds if another server responds on the port.
    if (error === null && (await hasStarted(folder))) return port;
    if (attempt === START_ATTEMPTS) {
      throw new Error(`${AWS_EMULATOR} did not start.`, { cause: error });
    }
  }
}

async function hasStarted(folder: string): Promise<boolean> {
  const pid = await readFile(join(folder, 'pid'), 'utf8').catch(() => '');
  return pid !== '' && isRunning(Number(pid));
}

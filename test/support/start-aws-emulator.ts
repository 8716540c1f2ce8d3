import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';
import { findFreePort } from '../../src/dev/free-port.ts';
import { AWS_EMULATOR } from './aws-emulator.ts';

const run = promisify(execFile);

// In place of moto's own list: it makes a snapshot for each of its images in each new account.
const IMAGES = 'test/support/amazon-images.json';
const START_ATTEMPTS = 3;

/**
 * Gives the tests of a project an emulator of AWS: the moto that the variable TEST_AWS_ENDPOINT names, such as
 * `http://127.0.0.1:5000`, otherwise one of their own.
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

/** Starts the emulator, and returns its port: another one if another process takes the first one meanwhile. */
async function start(folder: string): Promise<number> {
  const env = { ...process.env, MOTO_AMIS_PATH: resolve(IMAGES) };
  for (let tried = 1; ; tried += 1) {
    const port = await findFreePort();
    const started = run(AWS_EMULATOR, ['start', folder, String(port)], { env });
    const error = await started.then(
      () => null,
      (reason: unknown) => reason,
    );
    // It also takes for its own what answers on its port.
    if (error === null && (await isRunning(folder))) return port;
    if (tried === START_ATTEMPTS) {
      throw new Error(`${AWS_EMULATOR} did not start.`, { cause: error });
    }
  }
}

async function isRunning(folder: string): Promise<boolean> {
  try {
    return process.kill(Number(await readFile(join(folder, 'pid'), 'utf8')), 0);
  } catch {
    return false;
  }
}

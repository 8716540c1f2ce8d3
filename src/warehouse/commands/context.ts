import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createEc2 } from '../../aws/clients.ts';
import { shutdownSignal } from '../../cli/shutdown-signal.ts';
import type { Environment } from '../../config/environment.ts';
import { checkBucket, createS3 } from '../bucket/s3.ts';
import { findLocalSource, type LocalParts } from './run-local.ts';
import { checkSource } from '../copy/copy.ts';
import { startMysql, stopMysql } from '../instance/mysql.ts';
import { mountVolume, unmountVolume } from '../instance/volume.ts';
import { type Base, type EndParts, type Machine, PACE, type Parts } from '../run/run.ts';
import { readEndConfig, readRunConfig } from '../settings.ts';
import { withoutOurs } from '../ssh/environment.ts';
import { connectOverSsh } from '../ssh/ssh.ts';
import { createUpload } from '../steps/uploader.ts';
import { type CopyOrder, createWork } from '../steps/copy-job.ts';

/** The folder of all data that programs keep beside the source. */
export const DATA = fileURLToPath(new URL('../../../.data', import.meta.url));

/** Where the warehouse keeps what it has on this machine. */
export const FOLDER = join(DATA, 'warehouse');

const LOCAL_SETTINGS = join(DATA, 'local.env');
const PACKAGE = new URL('../../../package.json', import.meta.url);
const LOOK_MAX_MS = 10_000;
// for commands that no setting bounds
const MAX_HOURS = 24;

const screen = process.stdout;

/** Tells the operator something. */
export function print(line: string): void {
  console.log(line);
}

/** What every command on AWS works with; after so many hours it gives up. */
export function openBase(maxHours = MAX_HOURS): Base {
  const signal = shutdownSignal(maxHours, print);
  return { ec2: createEc2(), folder: FOLDER, print, signal, pace: PACE };
}

/**
 * What it takes to end a run on AWS.
 * @throws OperatorError that names all bad and missing settings at once
 */
export function openEndParts(environment: Environment): EndParts {
  const config = readEndConfig(environment);
  return { ...openBase(config.maxHours), config, machine: createMachine(environment) };
}

function createMachine(environment: Environment): Machine {
  return {
    connect: (login, options) =>
      connectOverSsh(login, { ...options, environment: withoutOurs(environment) }),
    mountVolume,
    unmountVolume,
    startMysql,
    stopMysql,
  };
}

/** How `run` is to copy. */
type How = Omit<CopyOrder, 'source'>;

/**
 * What a run on AWS works with.
 * @throws OperatorError that names all bad and missing settings at once
 */
export function openParts(environment: Environment, how: How): Parts & { order: CopyOrder } {
  const { source, warehouse } = readRunConfig(environment);
  const order = { source, ...how };
  const upload = warehouse.bucket === null ? null : openUpload(warehouse.bucket);
  return {
    ...openBase(warehouse.maxHours),
    config: warehouse,
    order,
    machine: createMachine(environment),
    work: createWork(order, { folder: FOLDER, screen }),
    upload: upload?.upload ?? null,
    checkOthers: async () => {
      await checkSource(source, LOOK_MAX_MS);
      await upload?.check();
    },
  };
}

function openUpload(bucket: string) {
  const s3 = createS3();
  const { version } = JSON.parse(readFileSync(PACKAGE, 'utf8')) as { version: string };
  return {
    check: () => checkBucket(s3, bucket),
    upload: createUpload({ s3, bucket, folder: FOLDER, program: version, print }),
  };
}

/** What one without AWS works with. */
export async function openLocalParts(environment: Environment, how: How): Promise<LocalParts> {
  const signal = shutdownSignal(MAX_HOURS, print);
  const source = await findLocalSource(LOCAL_SETTINGS, environment);
  return {
    folder: FOLDER,
    work: createWork({ source, ...how }, { folder: FOLDER, screen }),
    signal,
  };
}

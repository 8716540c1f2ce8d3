import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createEc2 } from '../../aws/clients.ts';
import { createCommandContext } from '../../cli/command-context.ts';
import { shutdownSignal } from '../../cli/shutdown-signal.ts';
import type { Environment } from '../../config/environment.ts';
import { checkBucket, createS3 } from '../bucket/s3.ts';
import {
  type CopyOrder,
  type FinishContext,
  type InstanceOperations,
  type RunContext,
  TIMING,
  type WarehouseContext,
} from '../context.ts';
import { checkSource } from '../copy/copy-database.ts';
import { startMysql, stopMysql } from '../instance/mysql.ts';
import { mountVolume, unmountVolume } from '../instance/volume.ts';
import { readEndConfig, readRunConfig } from '../settings.ts';
import { sshEnvironment } from '../ssh/ssh-environment.ts';
import { connectOverSsh } from '../ssh/connect-over-ssh.ts';
import { createCopyJob } from '../steps/copy-job.ts';
import { createUploader } from '../steps/uploader.ts';
import { findLocalSource, type LocalRunContext } from './run-local.ts';

/** The folder of all data of programs. */
export const DATA = fileURLToPath(new URL('../../../.data', import.meta.url));

/** The folder of the warehouse's data. */
export const FOLDER = join(DATA, 'warehouse');

const LOCAL_SETTINGS = join(DATA, 'local.env');
const PACKAGE = new URL('../../../package.json', import.meta.url);
const SOURCE_TIMEOUT_MS = 10_000;
// For commands that do not read WAREHOUSE_MAX_HOURS.
const MAX_HOURS = 24;

/** Writes a line to the terminal. */
export function print(line: string): void {
  console.log(line);
}

/**
 * Creates the context of a command on AWS. Its signal is aborted after `maxHours`, and when the operator stops the
 * command.
 */
export function createWarehouseContext(maxHours = MAX_HOURS): WarehouseContext {
  return createCommandContext({
    ec2: createEc2(),
    folder: FOLDER,
    print,
    signal: shutdownSignal(maxHours, print),
    timing: TIMING,
  });
}

/**
 * Creates the context of `finish`.
 * @throws OperatorError with all invalid and missing settings
 */
export function createFinishContext(environment: Environment): FinishContext {
  const config = readEndConfig(environment);
  const operations = createOperations(environment);
  return { ...createWarehouseContext(config.maxHours), config, operations };
}

function createOperations(environment: Environment): InstanceOperations {
  return {
    connect: (login, options) =>
      connectOverSsh(login, { ...options, environment: sshEnvironment(environment) }),
    mountVolume,
    unmountVolume,
    startMysql,
    stopMysql,
  };
}

/**
 * Creates the context of a run on AWS.
 * @param order what is copied, without the source, which is in the environment
 * @throws OperatorError with all invalid and missing settings
 */
export function createRunContext(
  environment: Environment,
  { withCredentials, maxRowsPerSecond }: Omit<CopyOrder, 'source'>,
): RunContext {
  const { source, warehouse: config } = readRunConfig(environment);
  const order = { source, withCredentials, maxRowsPerSecond };
  const bucket = config.bucket === null ? null : openBucket(config.bucket);
  return {
    ...createWarehouseContext(config.maxHours),
    config,
    order,
    operations: createOperations(environment),
    copy: createCopyJob(order, { folder: FOLDER, screen: process.stdout }),
    upload: bucket?.upload ?? null,
    checkSourceAndBucket: async () => {
      await checkSource(source, SOURCE_TIMEOUT_MS);
      await bucket?.check();
    },
  };
}

function openBucket(bucket: string) {
  const s3 = createS3();
  const { version } = JSON.parse(readFileSync(PACKAGE, 'utf8')) as { version: string };
  return {
    check: () => checkBucket(s3, bucket),
    upload: createUploader({ s3, bucket, folder: FOLDER, program: version, print }),
  };
}

/**
 * Creates the context of a run without AWS.
 * @throws OperatorError when there is no database to copy
 */
export async function createLocalRunContext(
  environment: Environment,
  options: Omit<CopyOrder, 'source'>,
): Promise<LocalRunContext> {
  const signal = shutdownSignal(MAX_HOURS, print);
  const source = await findLocalSource(LOCAL_SETTINGS, environment);
  const order = { source, ...options };
  const copy = createCopyJob(order, { folder: FOLDER, screen: process.stdout });
  return { folder: FOLDER, source, copy, signal };
}

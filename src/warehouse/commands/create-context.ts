import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createEc2 } from '../../aws/clients.ts';
import { createCommandContext } from '../../cli/command-context.ts';
import { shutdownSignal } from '../../cli/shutdown-signal.ts';
import type { Environment } from '../../config/environment.ts';
import type { AthenaOptions } from '../athena/run-athena-query.ts';
import { createBucketStore, type WorkingCopy } from '../bucket/pull.ts';
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
import { findLocalSource } from '../local/local-source.ts';
import { startMysql, stopMysql } from '../instance/mysql.ts';
import { mountVolume, unmountVolume } from '../instance/volume.ts';
import {
  readAthenaConfig,
  readEndConfig,
  readRunConfig,
  readStatisticsFolder,
  readStorageConfig,
} from '../settings.ts';
import { sshEnvironment } from '../ssh/ssh-environment.ts';
import { connectOverSsh } from '../ssh/connect-over-ssh.ts';
import { parquetFolder } from '../parquet/folder.ts';
import { createLocalStore, type ParquetStore } from '../parquet/store.ts';
import { checkOwnStatistics } from '../statistics/check-own-statistics.ts';
import { type OwnStatistic, readOwnStatistics } from '../statistics/own-statistics.ts';
import { type CopyJobOutput, createCopyJob } from '../steps/copy-job.ts';
import { createUploader } from '../steps/uploader.ts';
import { fetchNewestRun } from '../query/fetch-newest-run.ts';
import type { HistoryContext } from './history.ts';
import type { LocalRunContext } from './run-local.ts';
import type { SqlContext } from './sql.ts';

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

/** Writes a line to stderr, so that it is not among the rows of a query. */
function printNote(line: string): void {
  console.error(line);
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
 * @param options what is copied, without the source, which is in the environment
 * @throws OperatorError with all invalid and missing settings, or all problems of the operator's own statistics
 */
export async function createRunContext(
  environment: Environment,
  options: Omit<CopyOrder, 'source'>,
): Promise<RunContext> {
  const { source, warehouse: config } = readRunConfig(environment);
  const order = { source, ...options };
  const own = await loadOwnStatistics(environment);
  const bucket = config.bucket === null ? null : openBucket(config.bucket);
  return {
    ...createWarehouseContext(config.maxHours),
    config,
    order,
    operations: createOperations(environment),
    copy: createCopyJob(order, createOutput(bucket?.store ?? null, own)),
    upload: bucket?.upload ?? null,
    checkSourceAndBucket: async () => {
      await checkSource(source, SOURCE_TIMEOUT_MS);
      await bucket?.check();
    },
  };
}

function openBucket(bucket: string) {
  const copy = createWorkingCopy(bucket);
  return {
    check: () => checkBucket(copy.s3, bucket),
    store: createBucketStore(copy),
    upload: createUploader({ copy, folder: FOLDER, program: readVersion(), print }),
  };
}

function createWorkingCopy(bucket: string): WorkingCopy {
  return { s3: createS3(), bucket, folder: parquetFolder(FOLDER, bucket) };
}

/** Creates the output of a run, with a bucket's store or, for null, that of runs without a bucket. */
function createOutput(store: ParquetStore | null, own: OwnStatistic[]): CopyJobOutput {
  return {
    folder: FOLDER,
    screen: process.stdout,
    store: store ?? createLocalStore(parquetFolder(FOLDER, null)),
    program: readVersion(),
    own,
  };
}

function readVersion(): string {
  return (JSON.parse(readFileSync(PACKAGE, 'utf8')) as { version: string }).version;
}

/**
 * Creates the context of the commands for the Parquet files of earlier runs: those in the bucket, if one is set.
 * @throws OperatorError if the name of the bucket is invalid
 */
export function createHistoryContext(environment: Environment): HistoryContext {
  const { bucket } = readStorageConfig(environment);
  const copy = bucket === null ? null : createWorkingCopy(bucket);
  const store = copy ? createBucketStore(copy) : createLocalStore(parquetFolder(FOLDER, null));
  return { folder: FOLDER, store, copy, print, signal: shutdownSignal(MAX_HOURS, print) };
}

/**
 * Creates the context of a run without AWS.
 * @throws OperatorError when there is no database to copy, or with all problems of the operator's own statistics
 */
export async function createLocalRunContext(
  environment: Environment,
  options: Omit<CopyOrder, 'source'>,
): Promise<LocalRunContext> {
  const signal = shutdownSignal(MAX_HOURS, print);
  const { source, reason } = await findLocalSource(LOCAL_SETTINGS, environment);
  print(reason);
  const order = { source, ...options };
  const own = await loadOwnStatistics(environment);
  const copy = createCopyJob(order, createOutput(null, own));
  return { folder: FOLDER, source, copy, signal };
}

/** Reads and checks the operator's own statistics. There are none without a folder. */
async function loadOwnStatistics(environment: Environment): Promise<OwnStatistic[]> {
  const folder = readStatisticsFolder(environment);
  if (folder === null) return [];
  const statistics = await readOwnStatistics(folder);
  await checkOwnStatistics(folder, statistics);
  return statistics;
}

/** Creates the context of a query, which the operator can stop. Its messages are on stderr. */
export function createSqlContext(environment: Environment): SqlContext {
  const { bucket } = readStorageConfig(environment);
  const parquet = parquetFolder(FOLDER, bucket);
  return {
    folder: FOLDER,
    parquet,
    fetch: async () => {
      if (bucket === null) return;
      const store = createBucketStore({ s3: createS3(), bucket, folder: parquet });
      await fetchNewestRun(FOLDER, store, printNote);
    },
    output: process.stdout,
    signal: shutdownSignal(MAX_HOURS, printNote),
  };
}

/**
 * Creates the context of a query in Athena, which the operator can stop. Its messages are on stderr.
 * @throws OperatorError with all invalid and missing settings
 */
export function createAthenaContext(
  environment: Environment,
): AthenaOptions & Pick<SqlContext, 'output'> {
  const signal = shutdownSignal(MAX_HOURS, printNote);
  return { ...readAthenaConfig(environment), output: process.stdout, signal, print: printNote };
}

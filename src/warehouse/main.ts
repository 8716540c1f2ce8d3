import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError, Option } from '@commander-js/extra-typings';
import dotenv from 'dotenv';
import { createEc2 } from '../aws/clients.ts';
import { type DatabaseConfig, readDatabaseConfig } from '../config.ts';
import { withConnection } from '../database/connection.ts';
import { runProgram } from '../program.ts';
import { checkBucket, createS3 } from './bucket/s3.ts';
import { cleanup } from './commands/cleanup.ts';
import { dryRun } from './commands/dry-run.ts';
import { finish } from './commands/finish.ts';
import { provision } from './commands/provision.ts';
import { bringBackDump } from './commands/restore-dump.ts';
import { restoreVolume } from './commands/restore.ts';
import { runLocal } from './commands/run-local.ts';
import { run } from './commands/run.ts';
import { showReport } from './commands/show-report.ts';
import { printSnapshots, pruneSnapshots } from './commands/snapshots.ts';
import { status } from './commands/status.ts';
import { mountVolume, unmountVolume } from './instance/volume.ts';
import { startMysql, stopMysql } from './instance/mysql.ts';
import { readLocalSource } from './local-source.ts';
import { type Base, PACE, type Parts } from './run/run.ts';
import { hearStops } from './run/stop.ts';
import { readInstanceConfig, readPlaces, readRunConfig } from './settings.ts';
import { connectOverSsh } from './ssh/ssh.ts';
import { createWork, type WorkOptions } from './work.ts';

const FOLDER = fileURLToPath(new URL('../../.data/warehouse', import.meta.url));
const LOCAL_SETTINGS = fileURLToPath(new URL('../../.data/local.env', import.meta.url));
const PACKAGE = new URL('../../package.json', import.meta.url);
const LOOK_MAX_MS = 10_000;
// for commands that no setting bounds
const MAX_HOURS = 24;

await runProgram(async () => {
  if (process.env.NODE_ENV !== 'production') dotenv.config({ quiet: true });
  await describeProgram().parseAsync();
  process.exit();
});

/** All commands, with what they take, and what runs them. */
function describeProgram() {
  const program = new Command('npm run warehouse --').description(
    'A database server that exists only while it is needed: docs/warehouse.md',
  );
  describeRuns(program);
  describeKeeping(program);
  return program;
}

function describeRuns(program: Command): void {
  program
    .command('run')
    .description(
      'start a server, copy what is new, analyse, report, take a snapshot, end the server',
    )
    .addOption(new Option('--keep', 'leave the server up; `finish` ends it').conflicts('local'))
    .option('--local', 'without AWS: the warehouse is a database in .data/warehouse')
    .addOption(new Option('--dry-run', 'say every step, and change nothing').conflicts('local'))
    .option('--with-credentials', "copy the hashes of people's passwords, too")
    .option('--max-rows-per-second <n>', 'read MiniTwit’s database no faster', parseCount)
    .action(async ({ keep = false, local, dryRun: isDry, ...options }) => {
      if (local) await runLocally(options);
      else if (isDry) await dryRun(openParts(options));
      else await run(openParts(options), { keep });
    });
  program
    .command('finish')
    .description('end what `run --keep` has left up, after a snapshot')
    .action(() => finish(openParts({})));
  program
    .command('cleanup')
    .description('end what a dead run has left behind')
    .argument('[run]', 'also one that was kept, or started elsewhere')
    .action((runId) => cleanup(openBase(), runId ?? null));
  program
    .command('status')
    .description('what there is in AWS, and what it costs an hour')
    .action(() => status(createEc2(), readPlaces(process.env).volumeId, print));
  program
    .command('report')
    .description("where the last run's report is")
    .option('--open', 'open it in a browser')
    .action(({ open = false }) => showReport(FOLDER, { open, print }));
}

function describeKeeping(program: Command): void {
  program
    .command('provision')
    .description('make the volume and the image that runs need')
    .option('--size-gib <n>', "the volume's size", parseCount, 100)
    .option('--image <id>', 'an Amazon Linux 2023; the newest by default')
    .action(({ sizeGib, image: baseImageId = null }) => {
      const config = readInstanceConfig(process.env);
      return provision(openBase(config.maxHours), config, { sizeGib, baseImageId });
    });
  const snapshots = program
    .command('snapshots')
    .description("the snapshots of the warehouse's volume")
    .action(() => printSnapshots(openBase()));
  snapshots
    .command('prune')
    .description('delete old ones')
    .requiredOption('--keep <n>', 'but not the newest so many', parseCount)
    .action(({ keep }) => pruneSnapshots(openBase(), keep));
  program
    .command('restore')
    .description('make a new volume from a snapshot')
    .argument('<snapshot>')
    .option('--zone <zone>', 'that of the old volume by default')
    .action(async (snapshotId, { zone = null }) => {
      const { volumeId } = readPlaces(process.env);
      await restoreVolume({ ...openBase(), snapshotId, volumeId, zone });
    });
  program
    .command('restore-dump')
    .description("bring a run's dump back, into the database that DB_* name")
    .argument('<dump>', "a run's id, `latest`, or a file")
    .option('--force', 'replace the rows that are there')
    .action((wanted, { force = false }) =>
      bringBackDump({
        ...openBase(),
        wanted,
        force,
        s3: createS3(),
        bucket: readPlaces(process.env).bucket,
        target: readDatabaseConfig(process.env),
        onProgress: () => undefined,
      }),
    );
}

function print(line: string): void {
  console.log(line);
}

function parseCount(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It must be 1 or more.');
  return Number(text);
}

function openBase(maxHours = MAX_HOURS): Base {
  const signal = hearStops(maxHours, print);
  return { ec2: createEc2(), folder: FOLDER, print, signal, pace: PACE };
}

/** How `run` is to copy. */
interface CopyOptions {
  withCredentials?: true | undefined;
  maxRowsPerSecond?: number | undefined;
}

function openParts(options: CopyOptions): Parts {
  const { source, warehouse } = readRunConfig(process.env);
  const bucket = warehouse.bucket && { s3: createS3(), name: warehouse.bucket };
  return {
    ...openBase(warehouse.maxHours),
    config: warehouse,
    machine: { connect: connectOverSsh, mountVolume, unmountVolume, startMysql, stopMysql },
    work: workOn(source, options, bucket || null),
    checkOthers: async () => {
      await withConnection(source, { waitMaxMs: LOOK_MAX_MS }, async () => undefined);
      if (bucket) await checkBucket(bucket.s3, bucket.name);
    },
  };
}

async function runLocally(options: CopyOptions): Promise<void> {
  const source = readLocalSource(LOCAL_SETTINGS, process.env);
  const signal = hearStops(MAX_HOURS, print);
  await runLocal({ folder: FOLDER, work: workOn(source, options, null), signal });
}

function workOn(source: DatabaseConfig, options: CopyOptions, bucket: WorkOptions['bucket']) {
  const { version } = JSON.parse(readFileSync(PACKAGE, 'utf8')) as { version: string };
  return createWork({
    source,
    withCredentials: options.withCredentials ?? false,
    maxRowsPerSecond: options.maxRowsPerSecond ?? null,
    folder: FOLDER,
    bucket,
    program: version,
    screen: process.stdout,
  });
}

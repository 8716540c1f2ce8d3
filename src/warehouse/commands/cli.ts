import { Command, InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { createEc2 } from '../../aws/clients.ts';
import { readDatabaseConfig } from '../../config/config.ts';
import type { Environment } from '../../config/environment.ts';
import { readSenderConfig } from '../../config/mail-settings.ts';
import { createS3 } from '../bucket/s3.ts';
import { cleanup } from './cleanup.ts';
import { dryRun } from './dry-run.ts';
import { finish } from './finish.ts';
import { printHistory, pruneHistory } from './history.ts';
import { mailReport, parseAddresses } from './mail-report.ts';
import { openPrompt, printPaths } from './open-warehouse.ts';
import { provision } from './provision.ts';
import { purge } from './purge.ts';
import { withLastRun } from './with-last-run.ts';
import { restoreDumpCommand } from './restore-dump.ts';
import { restoreVolume } from './restore-volume.ts';
import { runLocal } from './run-local.ts';
import { run } from './run.ts';
import { readQuery, sql, sqlInAthena } from './sql.ts';
import { showReport } from './show-report.ts';
import { printSnapshots, pruneSnapshots } from './snapshots.ts';
import { status } from './status.ts';
import {
  createFinishContext,
  createHistoryContext,
  createLocalRunContext,
  createRunContext,
  createAthenaContext,
  createSqlContext,
  createWarehouseContext,
  FOLDER,
  print,
} from './create-context.ts';
import { readInstanceConfig, readStorageConfig } from '../settings.ts';

// At a lower rate, the transaction of a copy would stay open for too long.
const RATE_MIN = 100;

/** Creates the command line of `npm run warehouse`: its commands, their options, and the functions that run them. */
export function createCli(environment: Environment): Command {
  const program = new Command('npm run warehouse --').description(
    'A data warehouse whose server runs only while it is needed. See docs/warehouse.md.',
  );
  addRunCommand(program, environment);
  addEndCommands(program, environment);
  addLastRunCommands(program, environment);
  addAnalystCommands(program, environment);
  addVolumeCommands(program, environment);
  addDumpCommand(program, environment);
  addHistoryCommands(program, environment);
  return program;
}

function addRunCommand(program: Command, environment: Environment): void {
  program
    .command('run')
    .description(
      'start a server, copy changes, compute statistics, write a report, take a snapshot, end the server',
    )
    .addOption(
      new Option('--keep', 'leave the server running until `finish` ends it').conflicts('local'),
    )
    .option('--local', 'run without AWS: the warehouse is a database in .data/warehouse')
    .addOption(new Option('--dry-run', 'print every step, and change nothing').conflicts('local'))
    .option('--with-credentials', 'also copy password hashes')
    .option(
      '--prove-all',
      'compare the checksums of all rows, not of an eighth of the old messages',
    )
    .addOption(
      new Option('--max-rows-per-second <n>', 'limit the rate of reading MiniTwit’s database')
        .argParser(parseCount(RATE_MIN))
        .default(null, 'no limit'),
    )
    .addOption(
      new Option('--mail <address>', 'mail the report; several addresses have commas between them')
        .argParser(parseAddresses)
        .default<string[]>([], 'none')
        .conflicts('dryRun'),
    )
    .action(async ({ keep = false, local, dryRun: isDry, mail: addresses, ...copy }) => {
      const { withCredentials = false, proveAll = false, maxRowsPerSecond } = copy;
      const options = { withCredentials, proveAll, maxRowsPerSecond };
      const sender = addresses.length > 0 ? readSenderConfig(environment) : null;
      if (local) await runLocal(await createLocalRunContext(environment, options));
      else if (isDry) await dryRun(await createRunContext(environment, options));
      else await run(await createRunContext(environment, options), { keep });
      if (!sender) return;
      const bucket = local ? null : readStorageConfig(environment).bucket;
      await mailReport({ ...sender, addresses, folder: FOLDER, bucket, print });
    });
}

function addEndCommands(program: Command, environment: Environment): void {
  program
    .command('finish')
    .description('take a snapshot, and end the server that `run --keep` left running')
    .action(() => finish(createFinishContext(environment)));
  program
    .command('cleanup')
    .description('remove the resources of killed commands')
    .argument('[run]', 'id of a run to end, even if it was left running or started elsewhere')
    .action((runId) => cleanup(createWarehouseContext(), runId ?? null));
}

function addLastRunCommands(program: Command, environment: Environment): void {
  program
    .command('status')
    .description(
      'print the last run of this machine, and list the resources in AWS and their cost an hour',
    )
    .action(() =>
      withLastRun(environment, { folder: FOLDER, print }, () =>
        status(createEc2(), readStorageConfig(environment).volumeId, print),
      ),
    );
  program
    .command('report')
    .description("print the URL of the last run's report")
    .option('--open', 'also open it in a browser')
    .action(({ open = false }) => showReport(FOLDER, { open, print }));
}

function addAnalystCommands(program: Command, environment: Environment): void {
  program
    .command('sql')
    .description("run a query on the newest run's tables: user, message, follower")
    .argument('[query]', 'the query; without it, or with `-`, it is read from stdin')
    .addOption(new Option('--csv', 'print CSV').conflicts('json'))
    .option('--json', 'print a JSON array of objects')
    .option('--athena', "run the query in Athena, on the stack's tables")
    .action(async (argument, { csv, json, athena }) => {
      const query = await readQuery(argument, process.stdin);
      const format = json ? 'json' : csv ? 'csv' : 'table';
      if (athena) await sqlInAthena(query, format, createAthenaContext(environment));
      else await sql(query, format, createSqlContext(environment));
    });
  program
    .command('open')
    .description("open a prompt for queries of the newest run's tables")
    .option('--paths', 'print how DuckDB, Python, R, Metabase and Tableau open the tables')
    .action(async ({ paths }) => {
      const context = createSqlContext(environment);
      const { stdin: input, stdout: output } = process;
      if (paths || !input.isTTY || !output.isTTY) await printPaths(context, print);
      else await openPrompt(context, { input, output });
    });
}

function addVolumeCommands(program: Command, environment: Environment): void {
  program
    .command('provision')
    .description('create the volume and the image that runs need')
    .option('--size-gib <n>', "the new volume's size", parseCount(1), 100)
    .option('--volume <id>', 'use this volume, which may already hold a warehouse')
    .option('--image <id>', 'an image of Amazon Linux 2023; the newest by default')
    .action(({ sizeGib, volume: volumeId = null, image: baseImageId = null }) => {
      const config = readInstanceConfig(environment);
      return provision(createWarehouseContext(config.maxHours), config, {
        volumeId,
        sizeGib,
        baseImageId,
      });
    });
  const snapshots = program
    .command('snapshots')
    .description("list the snapshots of the warehouse's volume")
    .action(() =>
      withLastRun(environment, { folder: FOLDER, print }, () =>
        printSnapshots(createWarehouseContext()),
      ),
    );
  snapshots
    .command('prune')
    .description('delete old snapshots')
    .requiredOption('--keep <n>', 'number of newest snapshots to retain', parseCount(1))
    .action(({ keep }) => pruneSnapshots(createWarehouseContext(), keep));
  program
    .command('restore')
    .description('create a volume from a snapshot')
    .argument('<snapshot>', 'id of the snapshot')
    .option('--zone <zone>', 'availability zone; by default that of the old volume')
    .action(async (snapshotId, { zone = null }) => {
      const { volumeId } = readStorageConfig(environment);
      await restoreVolume(createWarehouseContext(), { snapshotId, volumeId, zone });
    });
}

function addDumpCommand(program: Command, environment: Environment): void {
  program
    .command('restore-dump')
    .description("restore a run's dump into the database of the DB_* settings")
    .argument('<dump>', "a run's id, `latest`, or a file")
    .option('--force', 'replace existing rows')
    .action((dumpName, { force = false }) =>
      restoreDumpCommand(createWarehouseContext(), {
        dumpName,
        force,
        s3: createS3(),
        bucket: readStorageConfig(environment).bucket,
        target: readDatabaseConfig(environment),
        screen: process.stdout,
      }),
    );
}

function addHistoryCommands(program: Command, environment: Environment): void {
  const history = program
    .command('history')
    .description('list the runs that have Parquet files')
    .action(() => printHistory(createHistoryContext(environment)));
  history
    .command('prune')
    .description('delete the Parquet files of old runs')
    .requiredOption('--keep <n>', 'number of newest runs to retain', parseCount(1))
    .action(({ keep }) => pruneHistory(createHistoryContext(environment), keep));
  program
    .command('purge')
    .description(
      'remove deleted users and messages from the files, reports and dumps of earlier runs',
    )
    .action(() => purge(createHistoryContext(environment)));
}

/** Returns a parser of a number of at least `min`. */
function parseCount(min: number): (text: string) => number {
  return (text) => {
    if (/^\d{1,9}$/.test(text) && Number(text) >= min) return Number(text);
    throw new InvalidArgumentError(`It must be ${min} or more.`);
  };
}

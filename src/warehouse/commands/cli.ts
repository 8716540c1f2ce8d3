import { Command, InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { createEc2 } from '../../aws/clients.ts';
import { readDatabaseConfig } from '../../config/config.ts';
import type { Environment } from '../../config/environment.ts';
import { createS3 } from '../bucket/s3.ts';
import { cleanup } from './cleanup.ts';
import { dryRun } from './dry-run.ts';
import { finish } from './finish.ts';
import { provision } from './provision.ts';
import { restoreDumpCommand } from './restore-dump.ts';
import { restoreVolume } from './restore-volume.ts';
import { runLocal } from './run-local.ts';
import { run } from './run.ts';
import { showReport } from './show-report.ts';
import { printSnapshots, pruneSnapshots } from './snapshots.ts';
import { status } from './status.ts';
import {
  createFinishContext,
  createLocalRunContext,
  createRunContext,
  createWarehouseContext,
  FOLDER,
  print,
} from './create-context.ts';
import { readInstanceConfig, readStorageConfig } from '../settings.ts';

// Slower than that, a copy would take longer than what it copies stays as it is.
const RATE_MIN = 100;

/** Creates the command line of `npm run warehouse`: its commands, their options, and the functions that run them. */
export function createCli(environment: Environment): Command {
  const program = new Command('npm run warehouse --').description(
    'A database server that exists only while it is needed: docs/warehouse.md',
  );
  addRunCommands(program, environment);
  addDataCommands(program, environment);
  return program;
}

function addRunCommands(program: Command, environment: Environment): void {
  program
    .command('run')
    .description(
      'start a server, copy what is new, analyse, report, take a snapshot, end the server',
    )
    .addOption(new Option('--keep', 'leave the server up; `finish` ends it').conflicts('local'))
    .option('--local', 'without AWS: the warehouse is a database in .data/warehouse')
    .addOption(new Option('--dry-run', 'show every step, and change nothing').conflicts('local'))
    .option('--with-credentials', "copy the hashes of people's passwords, too")
    .addOption(
      new Option('--max-rows-per-second <n>', 'read MiniTwit’s database no faster')
        .argParser(parseCount(RATE_MIN))
        .default(null, 'as fast as it can'),
    )
    .action(
      async ({ keep = false, local, dryRun: isDry, withCredentials = false, maxRowsPerSecond }) => {
        const options = { withCredentials, maxRowsPerSecond };
        if (local) await runLocal(await createLocalRunContext(environment, options));
        else if (isDry) await dryRun(createRunContext(environment, options));
        else await run(createRunContext(environment, options), { keep });
      },
    );
  program
    .command('finish')
    .description('end what `run --keep` has left up, after a snapshot')
    .action(() => finish(createFinishContext(environment)));
  program
    .command('cleanup')
    .description('end what a dead run has left behind')
    .argument('[run]', 'also one that was kept, or started elsewhere')
    .action((runId) => cleanup(createWarehouseContext(), runId ?? null));
  program
    .command('status')
    .description('what there is in AWS, and what it costs an hour')
    .action(() => status(createEc2(), readStorageConfig(environment).volumeId, print));
  program
    .command('report')
    .description("where the last run's report is")
    .option('--open', 'open it in a browser')
    .action(({ open = false }) => showReport(FOLDER, { open, print }));
}

function addDataCommands(program: Command, environment: Environment): void {
  program
    .command('provision')
    .description('make the volume and the image that runs need')
    .option('--size-gib <n>', "the volume's size", parseCount(1), 100)
    .option('--volume <id>', 'use this one, which may hold a warehouse already')
    .option('--image <id>', 'an Amazon Linux 2023; the newest by default')
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
    .description("the snapshots of the warehouse's volume")
    .action(() => printSnapshots(createWarehouseContext()));
  snapshots
    .command('prune')
    .description('delete old ones')
    .requiredOption('--keep <n>', 'number of newest snapshots to retain', parseCount(1))
    .action(({ keep }) => pruneSnapshots(createWarehouseContext(), keep));
  program
    .command('restore')
    .description('make a new volume from a snapshot')
    .argument('<snapshot>')
    .option('--zone <zone>', 'that of the old volume by default')
    .action(async (snapshotId, { zone = null }) => {
      const { volumeId } = readStorageConfig(environment);
      await restoreVolume(createWarehouseContext(), { snapshotId, volumeId, zone });
    });
  program
    .command('restore-dump')
    .description("bring a run's dump back, into the database that DB_* name")
    .argument('<dump>', "a run's id, `latest`, or a file")
    .option('--force', 'replace the rows that are there')
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

/** Reads a number of at least `min`. */
function parseCount(min: number): (text: string) => number {
  return (text) => {
    if (/^\d{1,9}$/.test(text) && Number(text) >= min) return Number(text);
    throw new InvalidArgumentError(`It must be ${min} or more.`);
  };
}

import { Command, Option } from '@commander-js/extra-typings';
import { untilAborted } from '../../cli/until-aborted.ts';
import type { CloudContext } from '../context.ts';
import { PROGRAM } from '../format-command.ts';
import { BUILDER_TYPE } from '../image/plan.ts';
import { runAdmin } from './admin.ts';
import { check } from './check.ts';
import type { Prompt } from '../../cli/prompt.ts';
import { printCost } from './cost.ts';
import { openDatabasePrompt } from './database.ts';
import { down } from './down.ts';
import { openShell } from './exec.ts';
import { buildImage } from './image.ts';
import { printLogs } from './logs.ts';
import { addParameter, parseRequestId, parseStackName, toRestorePoint } from './parse-arguments.ts';
import { parseRestoreTime, parseSince } from './parse-time.ts';
import { restore } from './restore.ts';
import { roll } from './roll.ts';
import { rotateSecrets } from './rotate-secrets.ts';
import { takeSnapshot } from './snapshot.ts';
import { printStatus } from './status.ts';
import { up } from './up.ts';

const STACK = 'minitwit';
const DRY_RUN = ['--dry-run', 'print the plan, and change nothing'] as const;
const SET = [
  '--set <name=value>',
  'set a parameter of the stack (repeatable); docs/parameters.md lists them',
  addParameter,
] as const;
const SINCE = '1h';
// A user may report an error page a day later.
const SINCE_OF_REQUEST = '2d';
const REQUIREMENTS = `
Set AWS_REGION and credentials, such as AWS_PROFILE, in the ways of AWS's SDK.
docs/going-live.md describes each step and its cost.`;

/** The dependencies of the commands. */
export interface CliOptions {
  /** Creates the context of a command for a stack of this name. */
  open: (stackName: string) => CloudContext;
  /** The environment of the programs that commands run. */
  env: NodeJS.ProcessEnv;
  /** Prompts the operator. */
  prompt: Prompt;
  /** Makes the contexts that are created afterwards print each request to AWS. */
  enableVerbose: () => void;
}

/** Creates the command line of `npm run cloud`: its commands, their options, and the functions that run them. */
export function createCli(options: CliOptions): Command {
  const program = new Command(PROGRAM)
    .description('MiniTwit on AWS, from an empty account to a live site and back')
    .addHelpText('afterAll', REQUIREMENTS)
    // The options after `admin COMMAND` are those of the other program.
    .enablePositionalOptions();
  addStackCommands(program, options);
  addDataCommands(program, options);
  addReadCommands(program, options);
  addAccessCommands(program, options);
  addAdminCommand(program, options);
  for (const command of program.commands) {
    command.option('--verbose', 'print each request to AWS, for a bug report');
  }
  program.hook('preAction', (_, command) => {
    if ('verbose' in command.opts()) options.enableVerbose();
  });
  return program;
}

/** Adds the commands that create, change and remove the stack. */
function addStackCommands(program: Command, { open, prompt }: CliOptions): void {
  program
    .command('image')
    .description('build an image of the current commit')
    .option(...DRY_RUN)
    .option('--instance-type <type>', 'type of the instance that builds the image', BUILDER_TYPE)
    .action(({ instanceType, dryRun = false }) =>
      buildImage(open(STACK), { instanceType, dryRun }),
    );
  addDryRunCommand(program, 'up')
    .description('create or change the stack, and print its cost')
    .option(...SET)
    .action(({ stack, set: parameters = {}, dryRun = false }) =>
      up(open(stack), { parameters, dryRun }),
    );
  addDryRunCommand(program, 'roll')
    .description('replace the instances by instances of the newest image, one at a time')
    .option('--image <id>', 'use this image')
    .addOption(new Option('--back', 'use the image before the current one').conflicts('image'))
    .action(({ stack, image: imageId, back: isBack, dryRun = false }) =>
      roll(open(stack), { imageId, isBack, dryRun }),
    );
  addDryRunCommand(program, 'down')
    .description('remove the stack, after a final snapshot of the database')
    .option(
      '--everything',
      'also remove all backups, the images, the warehouse’s volume, and the buckets',
    )
    .action(({ stack, everything = false, dryRun = false }) =>
      down(open(stack), { everything, dryRun, prompt }),
    );
}

/** Adds the commands that print the state of the stack. */
function addReadCommands(program: Command, { open }: CliOptions): void {
  addCommand(program, 'check')
    .description('ask AWS everything about the stack that costs nothing')
    .option(...SET)
    .action(({ stack, set: parameters = {} }) => check(open(stack), { parameters }));
  addCommand(program, 'status')
    .description('print the state of all resources, and their cost')
    .option('--json', 'print one JSON object, for programs')
    .action(({ stack, json = false }) =>
      endAtOnce(open(stack), (cloud) => printStatus(cloud, { json })),
    );
  addDryRunCommand(program, 'cost')
    .description('print the estimated cost, and what was spent (one request to AWS for $0.01)')
    .action(({ stack, dryRun = false }) =>
      endAtOnce(open(stack), (cloud) => printCost(cloud, { dryRun })),
    );
}

/** Adds the commands on the database and on the secrets. */
function addDataCommands(program: Command, { open, prompt }: CliOptions): void {
  addDryRunCommand(program, 'snapshot')
    .description('take a snapshot of the database')
    .action(({ stack, dryRun = false }) => takeSnapshot(open(stack), { dryRun }));
  addDryRunCommand(program, 'restore')
    .description('replace the database by one that is restored from a snapshot or to a time')
    .argument('[snapshot]', 'id of the snapshot')
    .option('--time <time>', 'a time with its zone: 2026-11-28T10:00Z', parseRestoreTime)
    .action((snapshotId, { stack, time, dryRun = false }) =>
      restore(open(stack), { point: toRestorePoint(snapshotId, time), dryRun, prompt }),
    );
  const secrets = program.command('secrets').description('manage the secrets of the stack');
  addDryRunCommand(secrets, 'rotate')
    .description('replace the session secret and the database passwords, while the site serves')
    .option('--leaked', 'refuse the old session secret at once, which logs all users out')
    .action(({ stack, leaked = false, dryRun = false }) =>
      rotateSecrets(open(stack), { leaked, dryRun }),
    );
}

/** Adds the commands on the instances: their log, a shell, an SQL prompt, and the program of the operator. */
function addAccessCommands(program: Command, { open, env }: CliOptions): void {
  addCommand(program, 'logs')
    .description('print the log of the servers on all instances')
    .option('--since <time>', 'from 30m, 2h or 3d ago, or from 2026-11-28T10:00Z', parseSince)
    .option('--request <id>', 'print the lines of the request with this id', parseRequestId)
    .option('--follow', 'wait for new lines until Ctrl-C')
    .action(({ stack, since, request: requestId = null, follow: isFollowing = false }) => {
      const options = {
        since: since ?? parseSince(requestId === null ? SINCE : SINCE_OF_REQUEST),
        requestId,
        isFollowing,
      };
      // While it follows the log, Ctrl-C is its usual end.
      return isFollowing
        ? printLogs(open(stack), options)
        : endAtOnce(open(stack), (cloud) => printLogs(cloud, options));
    });
  addCommand(program, 'exec')
    .description('open a shell on an instance')
    .argument('[instance]', 'id of the instance, by default a healthy one')
    .action(async (instanceId, { stack }) => {
      process.exitCode = await openShell(open(stack), { instanceId, env });
    });
  addCommand(program, 'database')
    .description('open an SQL prompt on the database, as a user who may only read')
    .option('--write', 'log in as the user of the application, who may also write')
    .action(async ({ stack, write: canWrite = false }) => {
      process.exitCode = await openDatabasePrompt(open(stack), { canWrite, env });
    });
}

/** Adds `admin`, whose parameters are those of `npm run admin`. */
function addAdminCommand(program: Command, { open }: CliOptions): void {
  addCommand(program, 'admin')
    .description('run a command of `npm run admin` on an instance')
    .argument('<command...>', 'a command of `npm run admin` with its options; `help` lists them')
    .passThroughOptions()
    .action(async (words, { stack }) => {
      process.exitCode = await runAdmin(open(stack), words);
    });
}

/** Adds a command on a stack. */
function addCommand(program: Command, name: string) {
  return program.command(name).option('--stack <name>', 'name of the stack', parseStackName, STACK);
}

/** Adds a command on a stack, which has a dry run. */
function addDryRunCommand(program: Command, name: string) {
  return addCommand(program, name).option(...DRY_RUN);
}

/** Runs a command that only reads. If it must stop, it does not wait for AWS. */
function endAtOnce(
  cloud: CloudContext,
  run: (cloud: CloudContext) => Promise<void>,
): Promise<void> {
  return untilAborted(cloud.signal, run(cloud));
}

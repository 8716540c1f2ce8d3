import { Command, InvalidArgumentError } from '@commander-js/extra-typings';
import type { CloudContext } from '../context.ts';
import { PROGRAM } from '../format-command.ts';
import { down, type DownOptions } from './down.ts';
import { buildImage } from './image.ts';
import { restoreSnapshot } from './restore.ts';
import { roll } from './roll.ts';
import { takeSnapshot } from './snapshot.ts';
import { printStatus } from './status.ts';
import { up } from './up.ts';

const STACK = 'minitwit';
// CloudFormation takes 128, but shortens the name in those that it generates: a bucket's, its own part included, has 63.
const STACK_MAX = 30;
const DRY_RUN = ['--dry-run', 'show what would be done, and change nothing'] as const;
const NEEDS = `
AWS_REGION and credentials are needed, and found as AWS's SDK finds them: AWS_PROFILE, for one.
What each command does, and what it may cost: docs/going-live.md`;

/** What the commands need from the program. */
export interface CliOptions {
  /** Opens a command for a stack of this name. */
  open: (stackName: string) => CloudContext;
  /** Prompts the operator. */
  prompt: DownOptions['prompt'];
}

/** Creates the command line of `npm run cloud`: its commands, their options, and the functions that run them. */
export function createCli(options: CliOptions): Command {
  const program = new Command(PROGRAM)
    .description('MiniTwit on AWS, from an empty account to a live site and back')
    .addHelpText('afterAll', NEEDS);
  addStackCommands(program, options);
  addDataCommands(program, options);
  return program;
}

function addStackCommands(program: Command, { open, prompt }: CliOptions): void {
  program
    .command('image')
    .description('make an image of what is committed here')
    .option(...DRY_RUN)
    .option('--instance-type <type>', 'of the instance that it is made on', 't3.small')
    .action(({ instanceType, dryRun = false }) =>
      buildImage(open(STACK), { instanceType, dryRun }),
    );
  addCommand(program, 'up')
    .description('raise the stack, or change it, and show what it costs')
    .option(
      '--set <name=value>',
      'a parameter, and again for others; "Parameters" in docs/going-live.md lists them',
      collect,
    )
    .action(({ stack, set: parameters = {}, dryRun = false }) =>
      up(open(stack), { parameters, dryRun }),
    );
  addCommand(program, 'roll')
    .description('replace the instances by those of the newest image, one at a time')
    .action(({ stack, dryRun = false }) => roll(open(stack), { dryRun }));
  addCommand(program, 'down')
    .description('remove the stack, after a last snapshot of the database')
    .option('--everything', 'also snapshots, images, the warehouse’s volume and bucket')
    .action(({ stack, everything = false, dryRun = false }) =>
      down(open(stack), { everything, dryRun, prompt }),
    );
  program
    .command('status')
    .description('what there is, how it is, and what it costs')
    .option('--stack <name>', 'name of the stack', parseStackName, STACK)
    .action(({ stack }) => printStatus(open(stack)));
}

function addDataCommands(program: Command, { open }: CliOptions): void {
  addCommand(program, 'snapshot')
    .description('take a snapshot of the database')
    .action(({ stack, dryRun = false }) => takeSnapshot(open(stack), { dryRun }));
  addCommand(program, 'restore')
    .description('make a new database from a snapshot, and point the stack there')
    .argument('<snapshot>')
    .action((snapshotId, { stack, dryRun = false }) =>
      restoreSnapshot(open(stack), { snapshotId, dryRun }),
    );
}

/** Adds a command that changes something. */
function addCommand(program: Command, name: string) {
  return program
    .command(name)
    .option('--stack <name>', 'name of the stack', parseStackName, STACK)
    .option(...DRY_RUN);
}

/** Collects `name=value`, given again and again. */
function collect(text: string, previous: Record<string, string> = {}): Record<string, string> {
  const [, name, value] = /^(\w+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw new InvalidArgumentError('It must be name=value.');
  }
  return { ...previous, [name]: value };
}

/** Refuses a name that AWS would not take, or would shorten in others. */
function parseStackName(text: string): string {
  if (/^[A-Za-z][A-Za-z0-9-]*$/.test(text) && text.length <= STACK_MAX) return text;
  throw new InvalidArgumentError(
    `It must be a letter, then letters, digits and hyphens, ${STACK_MAX} characters at most.`,
  );
}

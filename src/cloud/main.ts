import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { Command, InvalidArgumentError } from '@commander-js/extra-typings';
import dotenv from 'dotenv';
import { hearStops } from '../aws/stop.ts';
import { runProgram } from '../program.ts';
import { type Cloud, openCloud, PACE } from './cloud.ts';
import { down } from './commands/down.ts';
import { buildImage } from './commands/image.ts';
import { restoreSnapshot } from './commands/restore.ts';
import { roll } from './commands/roll.ts';
import { takeSnapshot } from './commands/snapshot.ts';
import { printStatus } from './commands/status.ts';
import { up } from './commands/up.ts';

const MAX_HOURS = 4;
const STACK = 'minitwit';
// CloudFormation takes 128, but shortens the name in those that it generates: a bucket's, its own part included, has 63.
const STACK_MAX = 30;
const DRY_RUN = ['--dry-run', 'show what would be done, and change nothing'] as const;
const NEEDS = `
AWS_REGION and credentials are needed, and found as AWS's SDK finds them: AWS_PROFILE, for one.
What each command does, and what it may cost: docs/going-live.md`;

await runProgram(async () => {
  if (process.env.NODE_ENV !== 'production') dotenv.config({ quiet: true });
  await describeProgram().parseAsync();
  process.exit();
});

/** All commands, with what they take, and what runs them. */
function describeProgram() {
  const program = new Command('npm run cloud --')
    .description('MiniTwit on AWS, from an empty account to a live site and back')
    .addHelpText('afterAll', NEEDS);
  describeRaising(program);
  describeKeeping(program);
  return program;
}

function describeRaising(program: Command): void {
  program
    .command('image')
    .description('make an image of what is committed here')
    .option(...DRY_RUN)
    .option('--instance-type <type>', 'of the instance that it is made on', 't3.small')
    .action(({ instanceType, dryRun = false }) => buildImage(open(), { instanceType, dryRun }));
  commandOf(program, 'up')
    .description('raise the stack, or change it, and show what it costs')
    .option(
      '--set <name=value>',
      'a parameter, and again for others; "What may be chosen" in docs/going-live.md lists them',
      collect,
    )
    .action(({ stack, set: parameters = {}, dryRun = false }) =>
      up(open(stack), { parameters, dryRun }),
    );
  commandOf(program, 'roll')
    .description('replace the instances by those of the newest image, one at a time')
    .action(({ stack, dryRun = false }) => roll(open(stack), { dryRun }));
  commandOf(program, 'down')
    .description('remove the stack, after a last snapshot of the database')
    .option('--everything', 'also snapshots, images, the warehouse’s volume and bucket')
    .action(({ stack, everything = false, dryRun = false }) =>
      down(open(stack), { everything, dryRun, ask }),
    );
}

function describeKeeping(program: Command): void {
  program
    .command('status')
    .description('what there is, how it is, and what it costs')
    .option('--stack <name>', 'whose', parseStackName, STACK)
    .action(({ stack }) => printStatus(open(stack)));
  commandOf(program, 'snapshot')
    .description('take a snapshot of the database')
    .action(({ stack, dryRun = false }) => takeSnapshot(open(stack), { dryRun }));
  commandOf(program, 'restore')
    .description('make a new database from a snapshot, and point the stack there')
    .argument('<snapshot>')
    .action((snapshotId, { stack, dryRun = false }) =>
      restoreSnapshot(open(stack), { snapshotId, dryRun }),
    );
}

/** A command that changes something. */
function commandOf(program: Command, name: string) {
  return program
    .command(name)
    .option('--stack <name>', 'the name of the stack', parseStackName, STACK)
    .option(...DRY_RUN);
}

function open(stackName = STACK): Cloud {
  const print = (line: string) => console.log(line);
  return openCloud({ stackName, print, signal: hearStops(MAX_HOURS, print), pace: PACE });
}

/** Asks whoever sits there; nobody answers nothing. */
async function ask(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const nobody = once(terminal, 'close').then(() => '');
  try {
    return await Promise.race([terminal.question(question), nobody]);
  } finally {
    terminal.close();
  }
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

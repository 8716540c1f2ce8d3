import { Command, InvalidArgumentError } from '@commander-js/extra-typings';
import { REASON_MAX_LENGTH } from '../repositories/audit.ts';
import { isBlank, isLongerThan } from '../web/forms/form.ts';
import {
  deleteAccount,
  removeSecondFactor,
  rename,
  resetPassword,
  setModerator,
  suspend,
  unsuspend,
} from './accounts.ts';
import { printAudit } from './audit.ts';
import { type AdminContext, type AdminOptions, withAdminContext } from './context.ts';
import { printReports } from './reports.ts';
import { printUsers } from './users.ts';

const DAYS_MAX = 3650;
const ID_MAX = 4_294_967_295;
const REASON = ['--reason <text>', 'the reason, for the audit log', parseReason] as const;
const SETTINGS = `
The settings are those of the server: DB_HOST and the other DB_* settings, and SITE_URL for links.
Without them, the program uses the database of \`npm run local\` while it runs.`;

/** Creates the command line of `npm run admin`: its commands, their options, and the functions that run them. */
export function createCli(options: AdminOptions): Command {
  const program = new Command('npm run admin --')
    .description('Users, moderators and reports of MiniTwit')
    .addHelpText('afterAll', SETTINGS);
  const run = (command: (context: AdminContext) => Promise<void>) =>
    withAdminContext(options, command);
  addReadCommands(program, run);
  addModerationCommands(program, run);
  addAccountCommands(program, run);
  return program;
}

type Run = (command: (context: AdminContext) => Promise<void>) => Promise<void>;

function addReadCommands(program: Command, run: Run): void {
  program
    .command('users')
    .description('list users in the order of their names')
    .argument('[prefix]', 'list the users whose names begin with this text', '')
    .option('--after <name>', 'list the users after this name', '')
    .action((prefix, { after }) => run((context) => printUsers(context, { prefix, after })));
  program
    .command('reports')
    .description('list the open reports, the newest first')
    .option('--before <id>', 'list the reports before this one', parseId)
    .action(({ before = null }) => run((context) => printReports(context, { before })));
  program
    .command('audit')
    .description('list the decisions of moderators and operators, the newest first')
    .option('--before <id>', 'list the decisions before this one', parseId)
    .action(({ before = null }) => run((context) => printAudit(context, { before })));
}

function addModerationCommands(program: Command, run: Run): void {
  addUserCommand(program, 'moderator')
    .description('let a user moderate')
    .option('--remove', 'do not let the user moderate any more')
    .option(...REASON, '')
    .action((name, { remove = false, reason }) =>
      run((context) => setModerator(context, name, { isModerator: !remove, reason })),
    );
  addUserCommand(program, 'suspend')
    .description('hide a user and all messages, and end all sessions of the user')
    .option('--days <n>', 'end the suspension after this time', parseInteger(1, DAYS_MAX))
    .requiredOption(...REASON)
    .action((name, { days = null, reason }) =>
      run((context) => suspend(context, name, { days, reason })),
    );
  addUserCommand(program, 'unsuspend')
    .description('end a suspension')
    .option(...REASON, '')
    .action((name, options) => run((context) => unsuspend(context, name, options)));
}

function addAccountCommands(program: Command, run: Run): void {
  addUserCommand(program, 'rename')
    .description('give a user another name. The former one is blocked for 90 days')
    .argument('<new-name>', 'the new name')
    .action((name, newName) => run((context) => rename(context, name, newName)));
  addUserCommand(program, 'delete')
    .description('delete an account with all messages')
    .option('--yes', 'do not prompt for the name')
    .option(...REASON, '')
    .action((name, { yes: isConfirmed = false, reason }) =>
      run((context) => deleteAccount(context, name, { isConfirmed, reason })),
    );
  addUserCommand(program, 'reset-password')
    .description('print a link with which a user sets a new password')
    .option(...REASON, '')
    .action((name, options) => run((context) => resetPassword(context, name, options)));
  addUserCommand(program, 'remove-second-factor')
    .description('let a user who has lost the second factor sign in with the password alone')
    .option(...REASON, '')
    .action((name, options) => run((context) => removeSecondFactor(context, name, options)));
}

/** Adds a command about one user. */
function addUserCommand(program: Command, command: string) {
  return program.command(command).argument('<name>', 'the username');
}

function parseReason(text: string): string {
  if (isBlank(text)) throw new InvalidArgumentError('It must have visible characters.');
  if (isLongerThan(text, REASON_MAX_LENGTH)) {
    throw new InvalidArgumentError(`It can have at most ${REASON_MAX_LENGTH} characters.`);
  }
  return text;
}

function parseId(text: string): number {
  return parseInteger(1, ID_MAX)(text);
}

/** Returns a parser of an integer from `min` to `max`. */
function parseInteger(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d{1,10}$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be an integer from ${min} to ${max}.`);
  };
}

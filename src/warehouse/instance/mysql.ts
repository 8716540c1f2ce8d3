import { escape, escapeId } from 'mysql2';
import type { PollOptions } from '../../cli/poll.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { RemoteCommandError } from '../ssh/ssh-errors.ts';
import type { SshConnection } from '../ssh/connect-over-ssh.ts';
import * as commands from './instance-commands.ts';

// Longer than the unit's TimeoutStopSec.
const STOP_MAX_MS = 11 * 60_000;
const NO_SUCH_UNIT = 5;

/** The user of the warehouse's MySQL, and the database. */
export interface MysqlAccount {
  user: string;
  password: string;
  /** The name of the database. */
  name: string;
}

/**
 * Starts MySQL, and waits until it accepts connections. MySQL creates its files on an empty volume. Creates the
 * database and its user, or sets the user's password.
 * @throws OperatorError with the end of MySQL's journal when it does not start
 */
export async function startMysql(
  connection: SshConnection,
  account: MysqlAccount,
  options: PollOptions,
): Promise<void> {
  const { signal, timeoutMs } = options;
  options.onPoll('MySQL: starting');
  try {
    // The command ends when MySQL has notified systemd that it accepts connections, or has failed.
    await connection.run(commands.systemctl('start'), { signal, timeoutMs });
  } catch (error) {
    if (!(error instanceof RemoteCommandError)) throw error;
    const message = await formatStartFailure(connection, error);
    throw new OperatorError(message, { cause: error });
  }
  await ensureAccount(connection, account, signal);
}

async function formatStartFailure(
  connection: SshConnection,
  { status, stderr }: RemoteCommandError,
): Promise<string> {
  if (status === NO_SUCH_UNIT) {
    return 'The image contains no MySQL for the warehouse. Set WAREHOUSE_IMAGE_ID to an image that npm run warehouse -- provision created.';
  }
  if (stderr.includes('Assertion failed')) {
    return 'The image mounts its volume in another folder. Set WAREHOUSE_MOUNT_DIR to the value that it had when npm run warehouse -- provision created the image.';
  }
  const journal = linesSinceLastStart(await connection.run(commands.journalTail(100)));
  // Most of MySQL's lines are no errors.
  const errors = journal.filter((line) => line.includes('[ERROR]'));
  const lines = errors.length > 0 ? errors : journal;
  return `MySQL did not start. The end of its journal:\n${lines.slice(-12).join('\n')}`;
}

function linesSinceLastStart(journal: string): string[] {
  const lines = journal.trim().split('\n');
  return lines.slice(lines.findLastIndex((line) => line.startsWith('Starting ')) + 1);
}

/**
 * Stops MySQL, and waits until it has written its data and ended. Does nothing when MySQL does not run.
 * @throws OperatorError when MySQL does not end
 */
export async function stopMysql(connection: SshConnection): Promise<void> {
  try {
    await connection.run(commands.systemctl('stop'), { timeoutMs: STOP_MAX_MS });
  } catch (error) {
    if (!hasStatus(error, NO_SUCH_UNIT)) throw error;
  }
}

async function ensureAccount(
  connection: SshConnection,
  account: MysqlAccount,
  signal: AbortSignal,
): Promise<void> {
  try {
    await connection.run(commands.sql(), { input: accountSql(account), signal });
  } catch (error) {
    if (!(error instanceof RemoteCommandError)) throw error;
    // MySQL's message repeats a part of the SQL, which may contain the password. So the error has no cause either.
    const code = /ERROR \d+/.exec(error.stderr)?.[0] ?? `status ${error.status}`;
    throw new OperatorError(`MySQL could not create the user ${account.user}: ${code}.`);
  }
}

/** Returns the SQL that creates the database and its user. It contains the password, so it belongs on stdin only. */
export function accountSql({ user, password, name }: MysqlAccount): string {
  const account = `${escape(user)}@'localhost'`;
  const database = escapeId(name, true);
  return [
    `create database if not exists ${database} character set utf8mb4;`,
    `create user if not exists ${account};`,
    `alter user ${account} identified by ${escape(password)};`,
    `grant ${PRIVILEGES.join(', ')} on ${database}.* to ${account};`,
    '',
  ].join('\n');
}

const PRIVILEGES = [
  'select',
  'insert',
  'update',
  'delete',
  'create',
  'alter',
  'drop',
  'index',
  'references',
  'create temporary tables',
];

function hasStatus(error: unknown, status: number): boolean {
  return error instanceof RemoteCommandError && error.status === status;
}

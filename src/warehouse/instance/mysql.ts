import { escape, escapeId } from 'mysql2';
import type { PollOptions } from '../../cli/poll.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { RemoteCommandError } from '../ssh/ssh-errors.ts';
import type { SshConnection } from '../ssh/connect-over-ssh.ts';
import * as commands from './instance-commands.ts';

// longer than the service is given to stop
const STOP_MAX_MS = 11 * 60_000;
const NO_SUCH_UNIT = 5;

/** Who works with the warehouse, and in which database. */
export interface MysqlAccount {
  user: string;
  password: string;
  /** Of the database. */
  name: string;
}

/**
 * Starts MySQL, which makes its files on the mounted volume if they are not there, and waits until it
 * answers; makes the database and its user, or gives that user this password.
 * @throws OperatorError with MySQL's last words when it does not start
 */
export async function startMysql(
  remote: SshConnection,
  account: MysqlAccount,
  waiting: PollOptions,
): Promise<void> {
  const { signal, timeoutMs } = waiting;
  waiting.onPoll('MySQL: starting');
  try {
    // ends when MySQL has told systemd that it answers, or has failed
    await remote.run(commands.systemctl('start'), { signal, timeoutMs });
  } catch (error) {
    if (!(error instanceof RemoteCommandError)) throw error;
    const message = await formatStartFailure(remote, error);
    throw new OperatorError(message, { cause: error });
  }
  await ensureAccount(remote, account, signal);
}

async function formatStartFailure(
  remote: SshConnection,
  { status, stderr }: RemoteCommandError,
): Promise<string> {
  if (status === NO_SUCH_UNIT) {
    return "The image holds no MySQL of the warehouse's: WAREHOUSE_IMAGE_ID must be one that npm run warehouse -- provision made.";
  }
  if (stderr.includes('Assertion failed')) {
    return 'The image wants its volume in another folder: WAREHOUSE_MOUNT_DIR must be what it was when npm run warehouse -- provision made the image.';
  }
  const words = linesSinceLastStart(await remote.run(commands.journalTail(100)));
  // MySQL says much that is no problem
  const errors = words.filter((line) => line.includes('[ERROR]'));
  const telling = errors.length > 0 ? errors : words;
  return `MySQL did not start. Its last words:\n${telling.slice(-12).join('\n')}`;
}

/** What has been said since systemd began to start it. */
function linesSinceLastStart(log: string): string[] {
  const lines = log.trim().split('\n');
  return lines.slice(lines.findLastIndex((line) => line.startsWith('Starting ')) + 1);
}

/**
 * Stops MySQL, and waits until it has written everything and ended; one that does not run is fine.
 * @throws OperatorError when it does not end
 */
export async function stopMysql(remote: SshConnection): Promise<void> {
  try {
    await remote.run(commands.systemctl('stop'), { timeoutMs: STOP_MAX_MS });
  } catch (error) {
    if (!hasStatus(error, NO_SUCH_UNIT)) throw error;
  }
}

async function ensureAccount(
  remote: SshConnection,
  account: MysqlAccount,
  signal: AbortSignal,
): Promise<void> {
  try {
    await remote.run(commands.sql(), { input: accountSql(account), signal });
  } catch (error) {
    if (!(error instanceof RemoteCommandError)) throw error;
    // MySQL repeats a part of what it refuses, and the password may be in it: no cause either
    const code = /ERROR \d+/.exec(error.stderr)?.[0] ?? `status ${error.status}`;
    throw new OperatorError(`MySQL did not make the user ${account.user}: ${code}`);
  }
}

/** For stdin, where no list of processes and no log of sudo's shows the password. */
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

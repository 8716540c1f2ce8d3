import { escape, escapeId } from 'mysql2';
import type { PollOptions } from '../../cli/poll.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { RemoteError } from '../ssh/failures.ts';
import type { Remote } from '../ssh/ssh.ts';
import * as commands from './commands.ts';

// longer than the service is given to stop
const STOP_MAX_MS = 11 * 60_000;
const NO_SUCH_UNIT = 5;

/** Who works with the warehouse, and in which database. */
export interface Account {
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
  remote: Remote,
  account: Account,
  waiting: PollOptions,
): Promise<void> {
  const { signal, timeoutMs: maxMs } = waiting;
  waiting.onPoll('MySQL: starting');
  try {
    // ends when MySQL has told systemd that it answers, or has failed
    await remote.run(commands.systemctl('start'), { signal, maxMs });
  } catch (error) {
    if (!(error instanceof RemoteError)) throw error;
    const message = await explainStart(remote, error);
    throw new OperatorError(message, { cause: error });
  }
  await makeAccount(remote, account, signal);
}

async function explainStart(remote: Remote, { status, stderr }: RemoteError): Promise<string> {
  if (status === NO_SUCH_UNIT) {
    return "The image holds no MySQL of the warehouse's: WAREHOUSE_IMAGE_ID must be one that npm run warehouse -- provision made.";
  }
  if (stderr.includes('Assertion failed')) {
    return 'The image wants its volume in another folder: WAREHOUSE_MOUNT_DIR must be what it was when npm run warehouse -- provision made the image.';
  }
  const words = lastStart(await remote.run(commands.lastWords(100)));
  // MySQL says much that is no problem
  const errors = words.filter((line) => line.includes('[ERROR]'));
  const telling = errors.length > 0 ? errors : words;
  return `MySQL did not start. Its last words:\n${telling.slice(-12).join('\n')}`;
}

/** What has been said since systemd began to start it. */
function lastStart(log: string): string[] {
  const lines = log.trim().split('\n');
  return lines.slice(lines.findLastIndex((line) => line.startsWith('Starting ')) + 1);
}

/**
 * Stops MySQL, and waits until it has written everything and ended; one that does not run is fine.
 * @throws OperatorError when it does not end
 */
export async function stopMysql(remote: Remote): Promise<void> {
  try {
    await remote.run(commands.systemctl('stop'), { maxMs: STOP_MAX_MS });
  } catch (error) {
    if (!hasStatus(error, NO_SUCH_UNIT)) throw error;
  }
}

async function makeAccount(remote: Remote, account: Account, signal: AbortSignal): Promise<void> {
  try {
    await remote.run(commands.sql(), { input: accountSql(account), signal });
  } catch (error) {
    if (!(error instanceof RemoteError)) throw error;
    // MySQL repeats a part of what it refuses, and the password may be in it: no cause either
    const code = /ERROR \d+/.exec(error.stderr)?.[0] ?? `status ${error.status}`;
    throw new OperatorError(`MySQL did not make the user ${account.user}: ${code}`);
  }
}

/** For stdin, where no list of processes and no log of sudo's shows the password. */
export function accountSql({ user, password, name }: Account): string {
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
  return error instanceof RemoteError && error.status === status;
}

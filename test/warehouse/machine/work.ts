import mysql from 'mysql2/promise';
import type { PollOptions } from '../../../src/cli/poll.ts';
import { MYSQL_SOCKET } from '../../../src/warehouse/instance/instance-commands.ts';
import type { MysqlAccount } from '../../../src/warehouse/instance/mysql.ts';
import { parseHostKeys } from '../../../src/warehouse/ssh/host-keys.ts';
import { connectOverSsh, type SshConnection } from '../../../src/warehouse/ssh/connect-over-ssh.ts';
import type { Instance } from './instance.ts';

/** The mount point of the volume in images. */
export const MOUNT_DIR = '/mysql-db';

/** The timeouts of operations on an instance. */
export const WAITING: PollOptions = {
  timeoutMs: 30_000,
  signal: new AbortController().signal,
  onPoll: () => undefined,
};

/** Connects to a booted instance. */
export function connectTo(instance: Instance, folder: string): Promise<SshConnection> {
  return connectOverSsh(instance.login, {
    hostKeys: parseHostKeys(instance.console()),
    folder,
    mysqlSocket: MYSQL_SOCKET,
    signal: WAITING.signal,
  });
}

/** Runs a query through the tunnel, and returns its rows. */
export async function query(
  { mysqlPort }: SshConnection,
  sql: string,
  { user, password, name }: MysqlAccount,
): Promise<unknown> {
  const at = { host: '127.0.0.1', port: mysqlPort };
  const connection = await mysql.createConnection({ ...at, user, password, database: name });
  try {
    const [rows] = await connection.query(sql);
    return rows;
  } finally {
    await connection.end();
  }
}

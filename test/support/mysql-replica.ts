import type { Defer } from './cleanup.ts';
import { runSql } from './database.ts';
import { startRealMysql } from './real-mysql.ts';
import type { Logins } from './temporary-mariadb.ts';

const WITH_GTIDS = ['--gtid-mode=ON', '--enforce-gtid-consistency=ON'];

/**
 * Starts a MySQL with GTIDs, and an empty replica of it.
 * @param options further options of mysqld
 */
export async function startMysqlWithReplica(
  defer: Defer,
  options: string[] = [],
): Promise<{ writer: Logins; replica: Logins }> {
  const [writer, replica] = await Promise.all(
    [1, 2].map((id) => startRealMysql(defer, [...WITH_GTIDS, `--server-id=${id}`, ...options])),
  );
  if (!writer || !replica) throw new Error('A server is missing.');
  const { host, port, user, password } = writer.administrator;
  // Each server has created the same users and databases, with GTIDs of its own.
  await runSql(writer.administrator, 'reset binary logs and gtids');
  await runSql(
    replica.administrator,
    'reset binary logs and gtids',
    'set global super_read_only = on',
    `change replication source to source_host = '${host}', source_port = ${port}, source_user = '${user}',
       source_password = '${password}', source_auto_position = 1, get_source_public_key = 1`,
    'start replica',
  );
  return { writer, replica };
}

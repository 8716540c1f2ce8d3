import mysql from 'mysql2/promise';
import type { DatabaseConfig } from '../config/config.ts';
import { listGrants } from './grants.ts';
import { isAccepted, type Login } from './login.ts';
import { type RetryOptions, withConnection } from './with-connection.ts';

// Neither password hashes nor the ids of sessions, with which one could log in as another user.
const READABLE = {
  user: '(user_id, username, email)',
  message: '',
  follower: '',
  profile: '',
};
// The application needs the other connections of a small database server.
const CONNECTIONS_MAX = 5;

/**
 * Ensures that a user exists who may only read the tables of this database, without password hashes, sessions and rate
 * limits. An existing user gets exactly these privileges, and the password of `login` unless the database accepts it already. The
 * tables must exist. If the connection uses TLS, the user must use it, too.
 * @throws OperatorError, see `withConnection`
 */
export async function ensureReader(
  config: DatabaseConfig,
  login: Login,
  retryOptions: RetryOptions,
): Promise<void> {
  const { name, password } = login;
  await withConnection(config, retryOptions, async (connection) => {
    const requirement = config.sslCa === null ? '' : ' require ssl';
    const limit = ` with max_user_connections ${CONNECTIONS_MAX}`;
    // A user whose password is being rotated has two of them, and `identified by` would replace one of these.
    const exists = (await listGrants(connection, name)) !== null;
    if (exists && (await isAccepted(config, login, retryOptions))) {
      await connection.query(`alter user :name@'%'${requirement}${limit}`, { name });
    } else {
      for (const verb of ['create user if not exists', 'alter user']) {
        const sql = `${verb} :name@'%' identified by :password${requirement}${limit}`;
        await connection.query(sql, { name, password });
      }
    }
    await connection.query("revoke all privileges, grant option from :name@'%'", { name });
    // In a grant on a table, unlike in one on a database, `_` and `%` are no wildcards.
    const database = mysql.escapeId(config.name, true);
    for (const [table, columns] of Object.entries(READABLE)) {
      await connection.query(`grant select ${columns} on ${database}.${table} to :name@'%'`, {
        name,
      });
    }
  });
}

import mysql, { type Connection, type QueryError, type RowDataPacket } from 'mysql2/promise';
import type { DatabaseConfig } from '../config/config.ts';
import { OperatorError } from '../errors/operator-error.ts';
import { type RetryOptions, withConnection } from './with-connection.ts';

const PRIVILEGES = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'];

/** How a user of the database server logs in, from wherever it is. */
export interface Login {
  name: string;
  password: string;
}

/**
 * Makes a user of the database server who may read and write the rows of this database, and nothing else:
 * no tables, no other database. One that is there already gets this password, as long as it may do no more
 * than that. Where the connection has TLS, the user's must have it too.
 * @returns whether there was no such user
 * @throws OperatorError, one line, when the user is there and may do more (it is not changed then), and as
 *   `withConnection` does
 */
export async function ensureAppUser(
  config: DatabaseConfig,
  login: Login,
  patience: RetryOptions,
): Promise<{ isNew: boolean }> {
  return withConnection(config, patience, async (connection) => {
    const database = quoteDatabaseForGrant(config.name);
    const grants = await listGrants(connection, login.name);
    if (grants !== null) assertNoExtraPrivileges(grants, database, login.name);

    const requirement = config.sslCa === null ? '' : ' require ssl';
    const given = { name: login.name, password: login.password };
    // both, since somebody else may just have made it
    for (const make of ['create user if not exists', 'alter user'])
      await connection.query(`${make} :name@'%' identified by :password${requirement}`, given);
    await connection.query(`grant ${PRIVILEGES.join(', ')} on ${database}.* to :name@'%'`, given);
    return { isNew: grants === null };
  });
}

/** A database's name as the server writes it in grants, where `_` and `%` would stand for any character. */
function quoteDatabaseForGrant(database: string): string {
  return mysql.escapeId(database.replace(/[_%\\]/g, String.raw`\$&`), true);
}

/** What a user may do, as the server says it; null when there is no such user. */
async function listGrants(connection: Connection, name: string): Promise<string[] | null> {
  try {
    const [rows] = await connection.query<RowDataPacket[]>("show grants for :name@'%'", { name });
    return rows.flatMap((row) => Object.values(row).map(String));
  } catch (error) {
    if ((error as QueryError).code === 'ER_NONEXISTING_GRANT') return null;
    throw error;
  }
}

function assertNoExtraPrivileges(grants: string[], database: string, name: string): void {
  const more = grants.flatMap((grant) => {
    // behind TO, MariaDB shows the hash of the password
    const [, what = grant, where] = /^GRANT (.+?)(?: ON (.+?))? TO /.exec(grant) ?? [];
    if (where === '*.*' && what === 'USAGE') return [];
    const isOurs = where === `${database}.*` && !grant.endsWith('WITH GRANT OPTION');
    if (isOurs && what.split(', ').every((each) => PRIVILEGES.includes(each))) return [];
    return [where === undefined ? what : `${what} ON ${where}`];
  });
  if (more.length === 0) return;
  throw new OperatorError(
    `The user "${name}" was not changed: it is there and may do more than MiniTwit should: ${more.join('; ')}. Take that away, or give another name.`,
  );
}

import mysql from 'mysql2/promise';
import type { DatabaseConfig } from '../config/config.ts';
import { OperatorError } from '../errors/operator-error.ts';
import { listGrants } from './grants.ts';
import { isAccepted, type Login } from './login.ts';
import { type RetryOptions, withConnection } from './with-connection.ts';

const PRIVILEGES = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'];

/**
 * Ensures that a least-privilege user exists, who may only read and write the rows of this database. An existing user
 * gets the password of `login`, unless the database accepts it already. If the connection uses TLS, the user must use
 * it, too.
 * @returns whether the user did not exist before
 * @throws OperatorError with a message of one line if an existing user has more privileges (the user is not
 *   changed then), and the errors of `withConnection`
 */
export async function ensureAppUser(
  config: DatabaseConfig,
  login: Login,
  retryOptions: RetryOptions,
): Promise<{ isNew: boolean }> {
  return withConnection(config, retryOptions, async (connection) => {
    const database = quoteDatabaseForGrant(config.name);
    const grants = await listGrants(connection, login.name);
    if (grants !== null) assertNoExtraPrivileges(grants, database, login.name);

    const requirement = config.sslCa === null ? '' : ' require ssl';
    const values = { name: login.name, password: login.password };
    // A user whose password is being rotated has two of them, and `identified by` would replace one that servers use.
    if (grants !== null && (await isAccepted(config, login, retryOptions))) {
      if (requirement) await connection.query(`alter user :name@'%'${requirement}`, values);
    } else {
      // Another process may have created the user after `listGrants`, so `alter user` sets the password in any case.
      for (const verb of ['create user if not exists', 'alter user'])
        await connection.query(`${verb} :name@'%' identified by :password${requirement}`, values);
    }
    await connection.query(`grant ${PRIVILEGES.join(', ')} on ${database}.* to :name@'%'`, values);
    return { isNew: grants === null };
  });
}

/** Returns a database's name as the server writes it in grants, where the wildcards `_` and `%` are escaped. */
function quoteDatabaseForGrant(database: string): string {
  return mysql.escapeId(database.replace(/[_%\\]/g, String.raw`\$&`), true);
}

function assertNoExtraPrivileges(grants: string[], database: string, name: string): void {
  const extra = grants.flatMap((grant) => {
    // After TO, MariaDB writes the hash of the password, which must not be printed.
    const [, privileges = grant, scope] = /^GRANT (.+?)(?: ON (.+?))? TO /.exec(grant) ?? [];
    if (scope === '*.*' && privileges === 'USAGE') return [];
    const isOurs = scope === `${database}.*` && !grant.endsWith('WITH GRANT OPTION');
    if (isOurs && privileges.split(', ').every((each) => PRIVILEGES.includes(each))) return [];
    return [scope === undefined ? privileges : `${privileges} ON ${scope}`];
  });
  if (extra.length === 0) return;
  throw new OperatorError(
    `The user "${name}" was not changed, because the user exists and has more privileges than MiniTwit needs: ${extra.join('; ')}. Revoke these privileges, or use another name.`,
  );
}

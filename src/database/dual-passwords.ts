import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { DatabaseConfig } from '../config/config.ts';
import { OperatorError } from '../errors/operator-error.ts';
import { isAccepted, type Login } from './login.ts';
import { acquireNamedLock } from './named-lock.ts';
import { type RetryOptions, withConnection } from './with-connection.ts';

/**
 * Makes a database user accept a second password. The password of `login` stays valid until `discardOldPassword`.
 * Idempotent, and safe to call concurrently.
 * @param config an account with the privilege `CREATE USER`
 * @returns whether the user did not accept the new password before
 * @throws OperatorError, one line, if the server has no dual passwords or does not accept `login` (the user is not
 *   changed then), and the errors of `withConnection`
 */
export async function addPassword(
  config: DatabaseConfig,
  login: Login,
  newPassword: string,
  retryOptions: RetryOptions,
): Promise<{ isNew: boolean }> {
  const newLogin = { name: login.name, password: newPassword };
  return withPasswordLock(config, login, retryOptions, async (connection) => {
    // `retain` would discard the older of two valid passwords, which servers may still use.
    if (await isAccepted(config, newLogin, retryOptions)) return { isNew: false };
    await setPrimaryPassword(connection, login);
    await connection.query(
      "alter user :name@'%' identified by :password retain current password",
      newLogin,
    );
    return { isNew: true };
  });
}

/**
 * Makes a database user accept the password of `login` only. Idempotent, and safe to call concurrently.
 * @param config an account with the privilege `CREATE USER`
 * @throws OperatorError, one line, if the server has no dual passwords or does not accept `login` (the user is not
 *   changed then), and the errors of `withConnection`
 */
export async function discardOldPassword(
  config: DatabaseConfig,
  login: Login,
  retryOptions: RetryOptions,
): Promise<void> {
  await withPasswordLock(config, login, retryOptions, async (connection) => {
    await setPrimaryPassword(connection, login);
    await connection.query("alter user :name@'%' discard old password", { name: login.name });
  });
}

/** Calls `work` while no other process changes the passwords of this user, if the user accepts the login. */
function withPasswordLock<T>(
  config: DatabaseConfig,
  login: Login,
  retryOptions: RetryOptions,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  return withConnection(config, retryOptions, async (connection) => {
    await assertDualPasswords(connection);
    await acquireNamedLock(connection, {
      name: `minitwit passwords of ${login.name}`,
      work: `changing the password of the user "${login.name}"`,
      waitMaxMs: retryOptions.waitMaxMs,
    });
    await assertAccepted(config, login, retryOptions);
    return work(connection);
  });
}

async function assertDualPasswords(connection: Connection): Promise<void> {
  const [rows] = await connection.query<RowDataPacket[]>('select @@version as version');
  if (!String(rows[0]?.version).includes('MariaDB')) return;
  throw new OperatorError(
    'MariaDB accepts one password for each user, so a password cannot change without failed logins. Use MySQL 8.0.14 or later, or change the password with initdb --user while MiniTwit is stopped.',
  );
}

async function assertAccepted(
  config: DatabaseConfig,
  login: Login,
  retryOptions: RetryOptions,
): Promise<void> {
  if (await isAccepted(config, login, retryOptions)) return;
  throw new OperatorError(
    `The user "${login.name}" was not changed, because the database does not accept APP_DB_PASSWD as its password. Servers may use a password that this change would discard. Set APP_DB_PASSWD to the password that they use.`,
  );
}

/**
 * Makes a valid password the primary one. A user has a primary and a secondary password, and logins do not show which
 * one is which. The secondary password does not change.
 */
async function setPrimaryPassword(connection: Connection, login: Login): Promise<void> {
  await connection.query("alter user :name@'%' identified by :password", { ...login });
}

import type { QueryError } from 'mysql2/promise';
import type { DatabaseConfig } from '../config/config.ts';
import { type RetryOptions, withConnection } from './with-connection.ts';

/** The name and password of a user of the database server, who may connect from any host. */
export interface Login {
  name: string;
  password: string;
}

/**
 * Returns whether the database accepts the name and the password of a login.
 * @throws the errors of `withConnection`, except that of a wrong name or password
 */
export async function isAccepted(
  config: DatabaseConfig,
  { name, password }: Login,
  retryOptions: RetryOptions,
): Promise<boolean> {
  try {
    return await withConnection(
      { ...config, user: name, password },
      retryOptions,
      async () => true,
    );
  } catch (error) {
    const { code } = ((error as Error).cause ?? {}) as Partial<QueryError>;
    if (code === 'ER_ACCESS_DENIED_ERROR') return false;
    // The server checks the privileges on the database after the password.
    if (code === 'ER_DBACCESS_DENIED_ERROR') return true;
    throw error;
  }
}

import { randomBytes } from 'node:crypto';
import type { DatabaseConfig } from '../../src/config/config.ts';

/** A user of a private MariaDB with all privileges. */
export interface Administrator {
  /** The SQL statements that create the user at the start of the server. */
  init: string[];
  /** Returns the settings with which the user logs in to a server that has run `init`. */
  loginTo: (server: DatabaseConfig) => DatabaseConfig;
}

/**
 * Creates an administrator with a random password. The server's own root cannot be used: it logs in only through the
 * socket, and only as the system's root.
 */
export function createAdministrator(): Administrator {
  const user = 'administrator';
  const password = randomBytes(24).toString('base64url');
  return {
    init: [
      `create or replace user ${user} identified by '${password}'`,
      `grant all on *.* to ${user} with grant option`,
    ],
    loginTo: (server) => ({ ...server, user, password }),
  };
}

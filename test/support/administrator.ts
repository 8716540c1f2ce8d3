import { randomBytes } from 'node:crypto';
import type { DatabaseConfig } from '../../src/config/config.ts';

/** A user of a private MariaDB who may do anything there. */
export interface Administrator {
  /** The SQL that creates the user, for the server to run at its start. */
  init: string[];
  /** Returns how the user logs in to a server that has run `init`. */
  loginTo: (server: DatabaseConfig) => DatabaseConfig;
}

/**
 * Describes an administrator with a random password. It is created at the server's start, because the server's own root
 * logs in through the socket, and only as the system's root.
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

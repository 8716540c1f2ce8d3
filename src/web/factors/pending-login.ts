import { hash } from 'node:crypto';
import type { Config } from '../../config/config.ts';
import type { Credentials } from '../../repositories/users.ts';
import { createExpiringSealer } from './sealer.ts';

/**
 * Reads and writes the proof that a user has entered the correct password and has still to enter a code. It is a field
 * of the form that asks for the code, so any instance can continue the login, and no session exists before. It is valid
 * for ten minutes, and only until the password is changed.
 */
export interface PendingLogins {
  createPendingLogin(credentials: Credentials): string;
  /** Returns the id of the user, and null for a text that is forged or has expired. */
  findUserId(pendingLogin: string): number | null;
  /** Returns whether the password with these credentials was entered. */
  isFor(pendingLogin: string, credentials: Credentials): boolean;
}

const LIFETIME_S = 10 * 60;

/** Creates the functions for pending logins. */
export function createPendingLogins({
  sessionSecrets,
}: Pick<Config, 'sessionSecrets'>): PendingLogins {
  const sealer = createExpiringSealer(sessionSecrets, 'pending login', LIFETIME_S);

  return {
    createPendingLogin: (credentials) => sealer.seal(format(credentials), ''),
    findUserId(pendingLogin) {
      const opened = sealer.open(pendingLogin, '');
      return opened === null ? null : Number.parseInt(opened, 10);
    },
    isFor: (pendingLogin, credentials) => sealer.open(pendingLogin, '') === format(credentials),
  };
}

function format({ userId, passwordHash }: Credentials): string {
  return `${userId} ${hash('sha256', passwordHash, 'base64url')}`;
}

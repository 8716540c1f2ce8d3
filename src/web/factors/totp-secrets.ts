import type { Config } from '../../config/config.ts';
import { createExpiringSealer, createSealer } from './sealer.ts';

/** Encrypts the secrets of authenticator apps. The database alone does not suffice to compute a code. */
export interface TotpSecrets {
  /** Returns the form of a secret that the database stores for this user. */
  encrypt(userId: number, secret: string): string;
  /** Returns null if the secret was encrypted with a session secret that is no longer in `SESSION_SECRET`. */
  decrypt(userId: number, encrypted: string): string | null;
  /** The beginning of all secrets that were encrypted with the first session secret. */
  prefix: string;
  /** Returns a secret that this user has not confirmed with a code. It is a field of a form, and valid for an hour. */
  sealUnconfirmed(userId: number, secret: string): string;
  /** Returns null for a text that is forged, has expired, or belongs to another user. */
  openUnconfirmed(userId: number, sealed: string): string | null;
}

const UNCONFIRMED_LIFETIME_S = 3600;

/** Creates the functions that encrypt and decrypt secrets with keys that are derived from the session secrets. */
export function createTotpSecrets({ sessionSecrets }: Pick<Config, 'sessionSecrets'>): TotpSecrets {
  const stored = createSealer(sessionSecrets, 'totp secret');
  const unconfirmed = createExpiringSealer(
    sessionSecrets,
    'unconfirmed totp secret',
    UNCONFIRMED_LIFETIME_S,
  );
  return {
    encrypt: (userId, secret) => stored.seal(secret, String(userId)),
    decrypt: (userId, encrypted) => stored.open(encrypted, String(userId)),
    prefix: stored.prefix,
    sealUnconfirmed: (userId, secret) => unconfirmed.seal(secret, String(userId)),
    openUnconfirmed: (userId, sealed) => unconfirmed.open(sealed, String(userId)),
  };
}

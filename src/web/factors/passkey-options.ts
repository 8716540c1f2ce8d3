import { hash } from 'node:crypto';
import type { PublicKeyCredentialCreationOptionsJSON } from '@simplewebauthn/server';
import type { Config } from '../../config/config.ts';
import type { ListedPasskey } from '../../repositories/passkeys.ts';
import type { Credentials } from '../../repositories/users.ts';
import type { CurrentUser } from '../middleware/login.ts';
import type { Site } from '../middleware/request-hosts.ts';
import { createExpiringSealer } from './sealer.ts';

/** Creates the options with which a browser creates or uses a passkey, and reads their challenges. */
export interface PasskeyOptions {
  /** Returns the options of a login as JSON. */
  loginOptions: (site: Site) => string;
  /** Returns the time when a challenge of `loginOptions` was issued, in milliseconds. Null if it is forged or expired. */
  findLoginChallengeMs: (challenge: string) => number | null;
  /** Returns the options of a new passkey as JSON, for a user who has entered the password of these credentials. */
  creationOptions(
    site: Site,
    user: CurrentUser,
    credentials: Credentials,
    passkeys: ListedPasskey[],
  ): string;
  /** Returns whether `creationOptions` has created this challenge for these credentials. */
  isCreationChallenge(challenge: string, credentials: Credentials): boolean;
}

/** The COSE numbers of the algorithms ES256, EdDSA and RS256. */
export const PASSKEY_ALGORITHMS = [-7, -8, -257];

const CHALLENGE_LIFETIME_S = 3600;
// The user has this time to unlock the authenticator.
const TIMEOUT_MS = 5 * 60 * 1000;

/**
 * Creates the functions for options. A challenge is an encrypted text with an expiry an hour later, so any instance can
 * check it, and none stores it.
 */
export function createPasskeyOptions({
  sessionSecrets,
}: Pick<Config, 'sessionSecrets'>): PasskeyOptions {
  const logins = createExpiringSealer(sessionSecrets, 'passkey login', CHALLENGE_LIFETIME_S);
  const creations = createExpiringSealer(sessionSecrets, 'passkey creation', CHALLENGE_LIFETIME_S);

  return {
    loginOptions: ({ hostname }) =>
      JSON.stringify({
        rpId: hostname,
        challenge: toBase64(logins.seal(String(Date.now()), '')),
        timeout: TIMEOUT_MS,
        userVerification: 'required',
      }),

    findLoginChallengeMs(challenge) {
      const issuedMs = logins.open(fromBase64(challenge), '');
      return issuedMs === null ? null : Number(issuedMs);
    },

    creationOptions({ host, hostname }, { userId, username }, credentials, passkeys) {
      const options: PublicKeyCredentialCreationOptionsJSON = {
        rp: { id: hostname, name: 'MiniTwit' },
        // An authenticator has one passkey for each id. Several MiniTwits on one host differ in their ports.
        user: {
          id: hash('sha256', `${host} ${userId}`, 'base64url'),
          name: username,
          displayName: username,
        },
        challenge: toBase64(creations.seal(format(credentials), String(userId))),
        pubKeyCredParams: PASSKEY_ALGORITHMS.map((alg) => ({ alg, type: 'public-key' })),
        timeout: TIMEOUT_MS,
        attestation: 'none',
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
        excludeCredentials: passkeys.map(({ credentialId }) => ({
          id: credentialId,
          type: 'public-key',
        })),
      };
      return JSON.stringify(options);
    },

    isCreationChallenge: (challenge, credentials) =>
      creations.open(fromBase64(challenge), String(credentials.userId)) === format(credentials),
  };
}

function format({ passwordHash }: Credentials): string {
  return hash('sha256', passwordHash, 'base64url');
}

function toBase64(text: string): string {
  return Buffer.from(text).toString('base64url');
}

function fromBase64(text: string): string {
  return Buffer.from(text, 'base64url').toString();
}

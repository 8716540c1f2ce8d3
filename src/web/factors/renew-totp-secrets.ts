import type { Totp } from '../../repositories/totp.ts';
import type { TotpSecrets } from './totp-secrets.ts';

const LIST_LIMIT = 100;

/**
 * Encrypts all stored secrets with the first session secret, so that the others can be removed from `SESSION_SECRET`.
 * Secrets that no session secret can decrypt are not changed. Returns the number of changed secrets. Idempotent, and
 * several processes may do it at the same time.
 */
export async function renewTotpSecrets(totp: Totp, secrets: TotpSecrets): Promise<number> {
  let renewed = 0;
  let afterUserId = 0;
  for (;;) {
    const outdated = await totp.listSecretsWithout(secrets.prefix, afterUserId, LIST_LIMIT);
    for (const read of outdated) {
      const secret = secrets.decrypt(read.userId, read.secret);
      if (secret === null) continue;
      const encrypted = secrets.encrypt(read.userId, secret);
      if (await totp.replaceSecret(read, encrypted)) renewed++;
    }
    const last = outdated.at(-1);
    if (!last || outdated.length < LIST_LIMIT) return renewed;
    afterUserId = last.userId;
  }
}

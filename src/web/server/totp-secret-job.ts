import type { Logger } from 'pino';
import type { Config } from '../../config/config.ts';
import type { Totp } from '../../repositories/totp.ts';
import { renewTotpSecrets } from '../factors/renew-totp-secrets.ts';
import { createTotpSecrets } from '../factors/totp-secrets.ts';

// A server with another order of session secrets may encrypt a secret until its restart.
const RUN_EVERY_MS = 15 * 60 * 1000;

/**
 * Encrypts the secrets of authenticator apps with the first session secret, now and every 15 minutes, until the returned
 * function is called.
 */
export function startTotpSecretJob(
  totp: Totp,
  config: Pick<Config, 'sessionSecrets'>,
  logger: Logger,
): () => void {
  const secrets = createTotpSecrets(config);

  async function run(): Promise<void> {
    try {
      const renewed = await renewTotpSecrets(totp, secrets);
      if (renewed > 0) logger.info({ renewed }, 'The secrets of apps were encrypted again.');
    } catch (err) {
      logger.warn({ err }, 'The secrets of apps could not be encrypted again.');
    }
  }

  void run();
  const timer = setInterval(() => void run(), RUN_EVERY_MS);
  return () => clearInterval(timer);
}

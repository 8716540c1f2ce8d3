import type { Config } from '../../config/config.ts';
import type { RateLimits } from '../../repositories/rate-limits.ts';
import type { Repositories } from '../../repositories/repositories.ts';
import type { PasskeyOptions } from '../factors/passkey-options.ts';
import type { TotpSecrets } from '../factors/totp-secrets.ts';
import type { WriteNotice } from '../mail/letters.ts';
import type { DeviceCookies } from '../middleware/device-cookie.ts';
import type { Passwords } from '../passwords/passwords.ts';

/** Everything that the routes of logins and settings share. */
export interface AccountContext {
  config: Omit<Config, 'database'>;
  repositories: Repositories;
  rateLimits: RateLimits;
  passwords: Passwords;
  devices: DeviceCookies;
  passkeyOptions: PasskeyOptions;
  totpSecrets: TotpSecrets;
  writeNotice: WriteNotice;
}

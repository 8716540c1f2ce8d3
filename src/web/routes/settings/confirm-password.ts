import type { Request, Response } from 'express';
import { AppError } from '../../../errors/app-error.ts';
import type { RateLimits } from '../../../repositories/rate-limits.ts';
import type { Credentials, Users } from '../../../repositories/users.ts';
import type { FieldError } from '../../forms/form.ts';
import { clientKey } from '../../middleware/client-key.ts';
import type { DeviceCookies } from '../../middleware/device-cookie.ts';
import { setTooManyRequests } from '../../middleware/too-many-requests.ts';
import type { Passwords } from '../../passwords/passwords.ts';
import { countFailure, createVerifyCredentials } from '../login/verify-credentials.ts';

/**
 * Returns the credentials of the user who is logged in if the current password is correct, and otherwise an error for
 * the form. It has the limits of logins and shares their counters, so a stolen session allows no further guesses.
 */
export type ConfirmPassword = (
  req: Request,
  res: Response,
  username: string,
  password: string,
) => Promise<(Credentials & { error: null }) | { error: FieldError<'current_password'> }>;

/** Creates the function that asks for the current password before a change of the account. */
export function createConfirmPassword(
  users: Users,
  passwords: Passwords,
  rateLimits: RateLimits,
  devices: DeviceCookies,
): ConfirmPassword {
  const verifyCredentials = createVerifyCredentials(users, passwords);
  return async (req, res, username, password) => {
    const deviceId = devices.findDevice(req, username);
    const attempt = { username, address: clientKey(req), deviceId };
    const limitCheck = await rateLimits.consumeLogin(attempt);
    const { refusal } = limitCheck;
    if (refusal) {
      setTooManyRequests(res, refusal);
      return { error: { field: 'current_password', message: refusal.message } };
    }
    const result = await countFailure(req, limitCheck, () => verifyCredentials(attempt, password));
    if (!result.error) return result;
    if (result.reason === 'unknown_name') {
      throw new AppError('unauthenticated', 'Your account no longer exists.');
    }
    return { error: { field: 'current_password', message: result.error.message } };
  };
}

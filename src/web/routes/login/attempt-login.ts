import type { Request } from 'express';
import { isAppError } from '../../../errors/app-error.ts';
import type { LimitCheck, LoginAttempt } from '../../../repositories/rate-limits.ts';
import type { Totp } from '../../../repositories/totp.ts';
import type { Credentials, Users } from '../../../repositories/users.ts';
import type { FieldError } from '../../forms/form.ts';
import { logIn } from '../../middleware/current-user.ts';
import type { Passwords } from '../../passwords/passwords.ts';
import {
  countFailure,
  createVerifyCredentials,
  type VerificationFailure,
} from './verify-credentials.ts';

/** An error for the form, or the credentials of a user who has entered the correct password. */
export type LoginResult =
  | { error: FieldError }
  | (Credentials & {
      error: null;
      /** Whether the user has still to enter a code. The user is not logged in then. */
      needsCode: boolean;
    });

/** Verifies a password, and logs in the user unless the user's login needs a code. */
export type AttemptLogin = (
  req: Request,
  attempt: LoginAttempt,
  password: string,
  limitCheck: LimitCheck,
) => Promise<LoginResult>;

/** Creates the function that verifies a password, starts the session, and renews a password hash of a lower cost. */
export function createAttemptLogin(users: Users, totp: Totp, passwords: Passwords): AttemptLogin {
  const verifyCredentials = createVerifyCredentials(users, passwords);

  /**
   * Replaces the hash of a correct password if its cost is too low, and returns the new hash. If that fails, the login
   * still succeeds.
   */
  async function rehashPassword(
    req: Request,
    credentials: Credentials,
    password: string,
    address: string,
  ): Promise<string> {
    try {
      const newHash = await passwords.rehash(password, credentials.passwordHash, address);
      if (newHash === null) return credentials.passwordHash;
      await users.replacePasswordHash(credentials, newHash);
      return newHash;
    } catch (err) {
      const { userId } = credentials;
      req.log.info({ err, userId }, 'The password hash was not renewed. A later login renews it.');
      return credentials.passwordHash;
    }
  }

  async function verifyAndLogIn(
    req: Request,
    attempt: LoginAttempt,
    password: string,
    { isRetry = false } = {},
  ): Promise<(Credentials & { error: null; needsCode: boolean }) | VerificationFailure> {
    const result = await verifyCredentials(attempt, password);
    if (result.error) return result;
    const { userId, passwordHash } = result;
    if (await totp.findTotpUser(userId)) return { ...result, needsCode: true };
    const user = { userId, username: attempt.username };
    try {
      await logIn(req, user, { passwordHash, hasSecondFactor: false });
      return { ...result, needsCode: false };
    } catch (error) {
      if (isRetry || !isAppError(error, 'conflict')) throw error;
      // Another login has renewed the hash, or the user has changed the password or turned on codes.
      return verifyAndLogIn(req, attempt, password, { isRetry: true });
    }
  }

  return async (req, attempt, password, limitCheck) => {
    const result = await countFailure(req, limitCheck, () =>
      verifyAndLogIn(req, attempt, password),
    );
    if (result.error) return result;
    const passwordHash = await rehashPassword(req, result, password, attempt.address);
    return { ...result, passwordHash };
  };
}

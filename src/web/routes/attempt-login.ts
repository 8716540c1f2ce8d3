import type { Request } from 'express';
import { isAppError } from '../../errors/app-error.ts';
import type { LimitCheck, LoginAttempt } from '../../repositories/rate-limits.ts';
import type { Credentials, Users } from '../../repositories/users.ts';
import type { FieldError } from '../forms/form.ts';
import { logEvent } from '../middleware/audit.ts';
import { logIn } from '../middleware/current-user.ts';
import type { Passwords } from '../passwords/passwords.ts';
import {
  countFailure,
  createVerifyCredentials,
  type VerificationResult,
} from './verify-credentials.ts';

/** Logs in the user and returns null. Returns an error for the form if the username or the password is wrong. */
export type AttemptLogin = (
  req: Request,
  attempt: LoginAttempt,
  password: string,
  limitCheck: LimitCheck,
) => Promise<FieldError | null>;

/** Creates the function that verifies a password, starts the session, and renews a password hash of a lower cost. */
export function createAttemptLogin(users: Users, passwords: Passwords): AttemptLogin {
  const verifyCredentials = createVerifyCredentials(users, passwords);

  /** Replaces the hash of a correct password if its cost is too low. If that fails, the login still succeeds. */
  async function rehashPassword(
    req: Request,
    credentials: Credentials,
    password: string,
    address: string,
  ): Promise<void> {
    try {
      const newHash = await passwords.rehash(password, credentials.passwordHash, address);
      if (newHash !== null) await users.replacePasswordHash(credentials, newHash);
    } catch (err) {
      const { userId } = credentials;
      req.log.info({ err, userId }, 'The password hash was not renewed. A later login renews it.');
    }
  }

  async function verifyAndLogIn(
    req: Request,
    attempt: LoginAttempt,
    password: string,
    { isRetry = false } = {},
  ): Promise<VerificationResult> {
    const result = await verifyCredentials(attempt, password);
    if (result.error) return result;
    const { userId, passwordHash } = result;
    try {
      await logIn(req, { userId, username: attempt.username }, passwordHash);
      return result;
    } catch (error) {
      if (isRetry || !isAppError(error, 'conflict')) throw error;
      // Another login has renewed the hash, or the user has changed the password.
      return verifyAndLogIn(req, attempt, password, { isRetry: true });
    }
  }

  return async (req, attempt, password, limitCheck) => {
    const result = await countFailure(req, limitCheck, () =>
      verifyAndLogIn(req, attempt, password),
    );
    if (result.error) return result.error;
    logEvent(req, 'login_succeeded', { userId: result.userId });
    await rehashPassword(req, result, password, attempt.address);
    return null;
  };
}

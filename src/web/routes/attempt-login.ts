import type { Request } from 'express';
import type { LimitCheck, LoginAttempt } from '../../repositories/rate-limits.ts';
import type { Credentials, Users } from '../../repositories/users.ts';
import type { FieldError } from '../forms/form.ts';
import { parseUsername } from '../forms/username.ts';
import { logEvent } from '../middleware/audit.ts';
import { logIn } from '../middleware/current-user.ts';
import type { Passwords } from '../passwords/passwords.ts';

/** Logs in the user and returns null. Returns an error for the form if the username or the password is wrong. */
export type AttemptLogin = (
  req: Request,
  attempt: LoginAttempt,
  password: string,
  limitCheck: LimitCheck,
) => Promise<FieldError | null>;

type VerificationResult = (Credentials & { error: null }) | LoginFailure;

interface LoginFailure {
  /** Missing if there is no such user. */
  userId?: number;
  error: FieldError;
  reason: 'unknown_name' | 'wrong_password';
}

/** Creates the function that verifies a password, starts the session, and renews a password hash of a lower cost. */
export function createAttemptLogin(users: Users, passwords: Passwords): AttemptLogin {
  async function verifyCredentials(
    { username, address, deviceId }: LoginAttempt,
    password: string,
  ): Promise<VerificationResult> {
    const isTooLong = parseUsername(username) === null;
    const credentials = isTooLong ? null : await users.findCredentials(username);
    if (!credentials) {
      const error = { field: 'username', message: 'Invalid username' };
      return { error, reason: 'unknown_name' };
    }
    const { userId, passwordHash } = credentials;
    // Known devices have a queue of their own, so that others who guess a password do not delay them.
    const account = `${deviceId === null ? 'unknown' : 'device'} ${userId}`;
    const isRight = await passwords.matches(password, passwordHash, { address, account });
    if (isRight) return { userId, passwordHash, error: null };
    const error = { field: 'password', message: 'Invalid password' };
    return { userId, error, reason: 'wrong_password' };
  }

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

  return async (req, attempt, password, limitCheck) => {
    let result: VerificationResult | null = null;
    try {
      result = await verifyCredentials(attempt, password);
      if (!result.error) {
        const { userId } = result;
        await logIn(req, { userId, username: attempt.username });
        logEvent(req, 'login_succeeded', { userId });
        await rehashPassword(req, result, password, attempt.address);
      }
    } finally {
      // Only a wrong username or password counts. A correct login and one that could not be verified are refunded.
      if (!result?.error) await limitCheck.refund();
    }
    if (result.error) logFailedLogin(req, result, limitCheck);
    return result.error;
  };
}

function logFailedLogin(
  req: Request,
  { userId, reason }: LoginFailure,
  { exhausted }: LimitCheck,
): void {
  logEvent(req, 'login_failed', { userId, reason });
  for (const limit of exhausted) logEvent(req, 'locked_out', { userId, limit });
}

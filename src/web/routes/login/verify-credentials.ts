import type { Request } from 'express';
import type { LimitCheck, LoginAttempt } from '../../../repositories/rate-limits.ts';
import type { Credentials, Users } from '../../../repositories/users.ts';
import type { FieldError } from '../../forms/form.ts';
import { parseUsername } from '../../forms/username.ts';
import { logEvent } from '../../middleware/audit.ts';
import type { Passwords } from '../../passwords/passwords.ts';

/** Returns the credentials of a user if the password is correct, and otherwise the cause. */
export type VerifyCredentials = (
  attempt: LoginAttempt,
  password: string,
) => Promise<VerificationResult>;

/** The credentials of a user, or an error for the form. */
export type VerificationResult = (Credentials & { error: null }) | VerificationFailure;

/** An error for the form, and its cause. */
export interface VerificationFailure {
  /** Missing if there is no such user. */
  userId?: number;
  error: FieldError<'username' | 'password'>;
  reason: 'unknown_name' | 'wrong_password';
}

/** Creates the function that verifies a username and a password. */
export function createVerifyCredentials(users: Users, passwords: Passwords): VerifyCredentials {
  return async ({ username, address, deviceId }, password) => {
    const isTooLong = parseUsername(username) === null;
    const credentials = isTooLong ? null : await users.findCredentials(username);
    if (!credentials) {
      const error = { field: 'username', message: 'Invalid username' } as const;
      return { error, reason: 'unknown_name' };
    }
    const { userId, passwordHash } = credentials;
    // Known devices have a queue of their own, so that others who guess a password do not delay them.
    const account = `${deviceId === null ? 'unknown' : 'device'} ${userId}`;
    const isRight = await passwords.matches(password, passwordHash, { address, account });
    if (isRight) return { userId, passwordHash, error: null };
    const error = { field: 'password', message: 'Invalid password' } as const;
    return { userId, error, reason: 'wrong_password' };
  };
}

/**
 * Runs a verification that `limitCheck` has counted. Refunds and logs according to its result: only a wrong username or
 * password counts, and a password that could not be verified does not.
 */
export async function countFailure<Success extends { error: null }>(
  req: Request,
  limitCheck: LimitCheck,
  verify: () => Promise<Success | VerificationFailure>,
): Promise<Success | VerificationFailure> {
  let result: Success | VerificationFailure | null = null;
  try {
    result = await verify();
  } finally {
    if (!result?.error) await limitCheck.refund();
  }
  if (result.error) logFailure(req, result, limitCheck);
  return result;
}

function logFailure(
  req: Request,
  { userId, reason }: VerificationFailure,
  { exhausted }: LimitCheck,
): void {
  logEvent(req, 'login_failed', { userId, reason });
  for (const limit of exhausted) logEvent(req, 'locked_out', { userId, limit });
}

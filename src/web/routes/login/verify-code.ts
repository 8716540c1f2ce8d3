import type { Request, Response } from 'express';
import type { RateLimits } from '../../../repositories/rate-limits.ts';
import type { RecoveryCodes } from '../../../repositories/recovery-codes.ts';
import type { Totp, TotpUser } from '../../../repositories/totp.ts';
import { hashRecoveryCode } from '../../factors/recovery-codes.ts';
import type { TotpSecrets } from '../../factors/totp-secrets.ts';
import { findCodeStep } from '../../factors/totp.ts';
import { parseTotpCode } from '../../forms/code.ts';
import type { FieldError } from '../../forms/form.ts';
import { logEvent } from '../../middleware/audit.ts';
import type { DeviceCookies } from '../../middleware/device-cookie.ts';
import { setTooManyRequests } from '../../middleware/too-many-requests.ts';

/**
 * Accepts the code of an authenticator app or a recovery code, each of them once. Returns an error for the form if the
 * code is wrong. All instances count the wrong codes of a user, also those of several logins.
 */
export type VerifyCode = (
  req: Request,
  res: Response,
  user: TotpUser,
  code: string,
) => Promise<{ error: FieldError<'code'> } | { error: null; isRecoveryCode: boolean }>;

type FailureReason = 'wrong_code' | 'unreadable_secret';

const MESSAGES: Record<FailureReason, string> = {
  wrong_code:
    'This code is wrong, or it was used before. Check the time of your phone, and enter a new code.',
  unreadable_secret: 'MiniTwit can no longer check the codes of your app. Enter a recovery code.',
};

/** Creates the function that verifies a code. */
export function createVerifyCode(
  totp: Totp,
  recoveryCodes: RecoveryCodes,
  secrets: TotpSecrets,
  rateLimits: RateLimits,
  devices: DeviceCookies,
): VerifyCode {
  /** Returns null if the code was accepted. */
  async function acceptTotpCode(user: TotpUser, code: string): Promise<FailureReason | null> {
    const secret = secrets.decrypt(user.userId, user.secret);
    if (secret === null) return 'unreadable_secret';
    const step = findCodeStep(secret, code, Date.now());
    const isAccepted = step !== null && (await totp.acceptCode(user.userId, step));
    return isAccepted ? null : 'wrong_code';
  }

  /** Returns null if the code was accepted. */
  async function acceptRecoveryCode(
    { userId }: TotpUser,
    code: string,
  ): Promise<FailureReason | null> {
    return (await recoveryCodes.useCode(userId, hashRecoveryCode(code))) ? null : 'wrong_code';
  }

  return async (req, res, user, code) => {
    const { userId, username } = user;
    const deviceId = devices.findDevice(req, username);
    const { refusal, exhausted, refund } = await rateLimits.consumeCode({ userId, deviceId });
    if (refusal) {
      setTooManyRequests(res, refusal);
      return { error: { field: 'code', message: refusal.message } };
    }
    const digits = parseTotpCode(code);
    let reason: FailureReason | null = null;
    try {
      reason = await (digits === null
        ? acceptRecoveryCode(user, code)
        : acceptTotpCode(user, digits));
    } finally {
      // Only a wrong code counts. A code that could not be checked does not.
      if (reason !== 'wrong_code') await refund();
    }
    if (reason !== null) {
      logEvent(req, 'second_factor_failed', { userId, reason });
      for (const limit of exhausted) logEvent(req, 'locked_out', { userId, limit });
      return { error: { field: 'code', message: MESSAGES[reason] } };
    }
    if (digits === null) logEvent(req, 'recovery_code_used', { userId });
    return { error: null, isRecoveryCode: digits === null };
  };
}

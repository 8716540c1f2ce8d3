import type { Request, Response } from 'express';
import type { RateLimits } from '../../repositories/rate-limits.ts';
import type { RecoveryCodes } from '../../repositories/recovery-codes.ts';
import type { Totp, TotpUser } from '../../repositories/totp.ts';
import { hashRecoveryCode } from '../factors/recovery-codes.ts';
import type { TotpSecrets } from '../factors/totp-secrets.ts';
import { findCodeStep } from '../factors/totp.ts';
import { parseTotpCode } from '../forms/code.ts';
import type { FieldError } from '../forms/form.ts';
import { logEvent } from '../middleware/audit.ts';
import type { DeviceCookies } from '../middleware/device-cookie.ts';
import { setTooManyRequests } from '../middleware/too-many-requests.ts';

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

const WRONG_CODE =
  'This code is wrong, or it was used before. Check the time of your phone, and enter a new code.';
const UNREADABLE_SECRET =
  'MiniTwit can no longer check the codes of your app. Enter a recovery code.';

/** Creates the function that verifies a code. */
export function createVerifyCode(
  totp: Totp,
  recoveryCodes: RecoveryCodes,
  secrets: TotpSecrets,
  rateLimits: RateLimits,
  devices: DeviceCookies,
): VerifyCode {
  /** Returns an error message, or null if the code was accepted. */
  async function acceptTotpCode(user: TotpUser, code: string): Promise<string | null> {
    const secret = secrets.decrypt(user.userId, user.secret);
    if (secret === null) return UNREADABLE_SECRET;
    const step = findCodeStep(secret, code, Date.now());
    const isAccepted = step !== null && (await totp.acceptCode(user.userId, step));
    return isAccepted ? null : WRONG_CODE;
  }

  /** Returns an error message, or null if the code was accepted. */
  async function acceptRecoveryCode({ userId }: TotpUser, code: string): Promise<string | null> {
    return (await recoveryCodes.useCode(userId, hashRecoveryCode(code))) ? null : WRONG_CODE;
  }

  return async (req, res, user, code) => {
    const { userId, username } = user;
    const deviceId = devices.findDevice(req, username);
    const limitCheck = await rateLimits.consumeCode({ userId, deviceId });
    if (limitCheck.refusal) {
      setTooManyRequests(res, limitCheck.refusal);
      return { error: { field: 'code', message: limitCheck.refusal.message } };
    }
    const digits = parseTotpCode(code);
    let isWrong = false;
    try {
      const message = await (digits === null
        ? acceptRecoveryCode(user, code)
        : acceptTotpCode(user, digits));
      isWrong = message !== null;
      if (message !== null) {
        logEvent(req, 'second_factor_failed', { userId });
        for (const limit of limitCheck.exhausted) logEvent(req, 'locked_out', { userId, limit });
        return { error: { field: 'code', message } };
      }
    } finally {
      if (!isWrong) await limitCheck.refund();
    }
    if (digits === null) logEvent(req, 'recovery_code_used', { userId });
    return { error: null, isRecoveryCode: digits === null };
  };
}

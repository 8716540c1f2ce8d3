import type { IRouter, Request, Response } from 'express';
import { AppError } from '../../../errors/app-error.ts';
import type { RecoveryCodes } from '../../../repositories/recovery-codes.ts';
import type { Totp } from '../../../repositories/totp.ts';
import { createRecoveryCodes, hashRecoveryCode } from '../../factors/recovery-codes.ts';
import type { TotpSecrets } from '../../factors/totp-secrets.ts';
import { createTotpSecret, findCodeStep, formatTotpUri } from '../../factors/totp.ts';
import { parseTotpCode, twoFactorForm } from '../../forms/code.ts';
import { currentPasswordForm } from '../../forms/current-password.ts';
import { type FieldError, parseForm } from '../../forms/form.ts';
import { logEvent } from '../../middleware/audit.ts';
import { currentSessionId, requireUser } from '../../middleware/current-user.ts';
import { methodNotAllowed } from '../../middleware/errors.ts';
import type { CurrentUser } from '../../middleware/login.ts';
import { createQrCode } from '../../presentation/qr-code.ts';
import type { ConfirmPassword } from './confirm-password.ts';
import type { FindNotice } from './find-notice.ts';

/** Adds `/settings/two_factor`, which turns codes after the password on and off, and creates recovery codes. */
export function addTwoFactorRoutes(
  app: IRouter,
  totp: Totp,
  recoveryCodes: RecoveryCodes,
  secrets: TotpSecrets,
  confirmPassword: ConfirmPassword,
  findNotice: FindNotice,
): void {
  app
    .route('/settings/two_factor')
    .get(async (req, res) => {
      const user = requireUser(req);
      const { userId } = user;
      if (!(await totp.findTotpUser(userId))) {
        return renderSetupPage(res, user, createTotpSecret());
      }
      res.render('two-factor.html', { codesLeft: await recoveryCodes.countCodes(userId) });
    })
    .post(async (req, res) => {
      const user = requireUser(req);
      const { userId, username } = user;
      const form = parseForm(twoFactorForm, req.body);
      const secret = secrets.openUnconfirmed(userId, form.secret);
      if (secret === null) return renderSetupPage(res, user, createTotpSecret(), EXPIRED);
      const step = findCodeStep(secret, parseTotpCode(form.code) ?? '', Date.now());
      if (step === null) return renderSetupPage(res, user, secret, WRONG_CODE);
      const confirmed = await confirmPassword(req, res, username, form.current_password);
      if (confirmed.error) return renderSetupPage(res, user, secret, confirmed.error);
      const { codes, hashes } = createHashedCodes();
      const newTotp = {
        secret: secrets.encrypt(userId, secret),
        step,
        recoveryCodeHashes: hashes,
      };
      const notice = await findNotice(username, 'Two-factor sign-in was turned on.');
      await totp.turnOn(confirmed, newTotp, { sessionId: currentSessionId(req), notice });
      logEvent(req, 'second_factor_enabled', { userId });
      renderCodesPage(res, codes, 'Two-factor sign-in is on, and all other sessions were ended');
    })
    .all(methodNotAllowed);

  app
    .route('/settings/two_factor/recovery_codes')
    .get(async (req, res) => {
      await requireTwoFactor(req);
      renderConfirmPage(res, 'recovery_codes');
    })
    .post(async (req, res) => {
      const { userId, username } = await requireTwoFactor(req);
      const form = parseForm(currentPasswordForm, req.body);
      const confirmed = await confirmPassword(req, res, username, form.current_password);
      if (confirmed.error) return renderConfirmPage(res, 'recovery_codes', confirmed.error);
      const { codes, hashes } = createHashedCodes();
      const notice = await findNotice(username, 'New recovery codes were created.');
      await recoveryCodes.replaceCodes(confirmed, hashes, notice);
      logEvent(req, 'recovery_codes_created', { userId });
      renderCodesPage(res, codes, 'Your earlier recovery codes are no longer valid');
    })
    .all(methodNotAllowed);

  app
    .route('/settings/two_factor/turn_off')
    .get(async (req, res) => {
      await requireTwoFactor(req);
      renderConfirmPage(res, 'turn_off');
    })
    .post(async (req, res) => {
      const { userId, username } = await requireTwoFactor(req);
      const form = parseForm(currentPasswordForm, req.body);
      const confirmed = await confirmPassword(req, res, username, form.current_password);
      if (confirmed.error) return renderConfirmPage(res, 'turn_off', confirmed.error);
      const notice = await findNotice(username, 'Two-factor sign-in was turned off.');
      await totp.turnOff(confirmed, { sessionId: currentSessionId(req), notice });
      logEvent(req, 'second_factor_disabled', { userId });
      res.flash('Two-factor sign-in is off, and all other sessions were ended');
      res.redirect('/settings');
    })
    .all(methodNotAllowed);

  /** Sends the page that turns on codes, with a secret that the user has not confirmed. */
  function renderSetupPage(
    res: Response,
    { userId, username }: CurrentUser,
    secret: string,
    error: FieldError | null = null,
  ): void {
    res.render('two-factor-setup.html', {
      secret: secret.replaceAll(/.{4}(?=.)/g, '$& '),
      sealedSecret: secrets.sealUnconfirmed(userId, secret),
      qrCode: createQrCode(formatTotpUri(username, secret)),
      error,
    });
  }

  /** Returns the user of this request, whose login needs a code. */
  async function requireTwoFactor(req: Request): Promise<CurrentUser> {
    const user = requireUser(req);
    if (await totp.findTotpUser(user.userId)) return user;
    throw new AppError('conflict', 'Two-factor sign-in is off.');
  }
}

const EXPIRED: FieldError = {
  field: 'code',
  message: 'This page was open for too long. Scan the new QR code.',
};
const WRONG_CODE: FieldError = {
  field: 'code',
  message:
    'This code is wrong. Check the time of your phone, and enter the code that your app shows now.',
};

function createHashedCodes(): { codes: string[]; hashes: string[] } {
  const codes = createRecoveryCodes();
  return { codes, hashes: codes.map(hashRecoveryCode) };
}

/** Sends the page that shows new recovery codes. No other page shows them. */
function renderCodesPage(res: Response, codes: string[], message: string): void {
  res.flashNow(message);
  res.render('recovery-codes.html', { codes });
}

/** Sends the page that asks for the password before a change. */
function renderConfirmPage(
  res: Response,
  change: 'recovery_codes' | 'turn_off',
  error: FieldError | null = null,
): void {
  res.render('two-factor-confirm.html', { change, error });
}

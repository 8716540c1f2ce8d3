import type { IRouter, Response } from 'express';
import type { RecoveryCodes } from '../../../repositories/recovery-codes.ts';
import type { Totp, TotpUser } from '../../../repositories/totp.ts';
import type { PendingLogins } from '../../factors/pending-login.ts';
import { loginCodeForm } from '../../forms/code.ts';
import { type FieldError, parseForm, submittedField } from '../../forms/form.ts';
import { parseDraft } from '../../forms/message.ts';
import { currentUser, logIn } from '../../middleware/current-user.ts';
import { methodNotAllowed } from '../../middleware/errors.ts';
import { renderLoginPage } from '../../presentation/login-page.ts';
import type { LoginEnd } from './finish-login.ts';
import type { VerifyCode } from './verify-code.ts';

/** Adds `/login/code`, which asks for a code after the password. */
export function addLoginCodeRoute(
  app: IRouter,
  totp: Totp,
  recoveryCodes: RecoveryCodes,
  pendingLogins: PendingLogins,
  verifyCode: VerifyCode,
  { finishLogin, redirectHome }: LoginEnd,
): void {
  app
    .route('/login/code')
    // A reader who opens the address of the page has no password in it.
    .get((_req, res) => {
      res.redirect('/login');
    })
    .post(async (req, res) => {
      const form = parseForm(loginCodeForm, req.body);
      const draft = parseDraft(submittedField(req.body, 'draft'));
      const previousUser = currentUser(req);
      const user = await findPendingUser(form.pending_login);
      if (!user) return renderLoginPage(res, { notice: EXPIRED, draft });
      const { userId, username, passwordHash } = user;
      // The user has logged in since, in another tab.
      if (previousUser?.userId === userId) return redirectHome(req, res, draft);
      const result = await verifyCode(req, res, user, form.code);
      if (result.error) {
        const { error } = result;
        return renderCodePage(res, { pendingLogin: form.pending_login, error, draft });
      }
      await logIn(req, { userId, username }, { passwordHash, hasSecondFactor: true });
      const hint = result.isRecoveryCode
        ? formatCodesLeft(await recoveryCodes.countCodes(userId))
        : '';
      await finishLogin(req, res, { user: { userId, username }, previousUser, draft, hint });
    })
    .all(methodNotAllowed);

  /** Returns null if the user has to enter the password again. */
  async function findPendingUser(pendingLogin: string): Promise<TotpUser | null> {
    const userId = pendingLogins.findUserId(pendingLogin);
    const user = userId === null ? null : await totp.findTotpUser(userId);
    return user && pendingLogins.isFor(pendingLogin, user) ? user : null;
  }
}

const EXPIRED = 'Your sign-in has expired, or your password was changed. Please sign in again.';

function formatCodesLeft(count: number): string {
  const unused = count === 1 ? '1 unused recovery code' : `${count} unused recovery codes`;
  return `You have ${unused}. Create new ones in the settings.`;
}

/** Sends the page that asks for a code. */
export function renderCodePage(
  res: Response,
  {
    pendingLogin,
    draft,
    error = null,
  }: { pendingLogin: string; draft: string | null; error?: FieldError | null },
): void {
  res.render('login-code.html', { pendingLogin, draft, error });
}

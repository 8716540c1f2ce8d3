import type { IRouter, Request, Response } from 'express';
import { AppError } from '../../../errors/app-error.ts';
import type { Link, Links } from '../../../repositories/links.ts';
import type { PasswordResets } from '../../../repositories/password-resets.ts';
import { type FieldError, parseForm } from '../../forms/form.ts';
import {
  newPasswordForm,
  type PasswordRules,
  validateNewPassword,
} from '../../forms/new-password.ts';
import type { WriteNotice } from '../../mail/letters.ts';
import { logEvent } from '../../middleware/audit.ts';
import { clientKey } from '../../middleware/client-key.ts';
import { methodNotAllowed } from '../../middleware/errors.ts';
import type { Passwords } from '../../passwords/passwords.ts';

/**
 * Adds `/reset_password/:token`, where the user of a link chooses a new password. It starts no session, so a second factor
 * stays in force. The path of a link has no effect by itself, because mail scanners open links.
 */
export function addResetPasswordRoute(
  app: IRouter,
  links: Links,
  passwordResets: PasswordResets,
  passwords: Passwords,
  writeNotice: WriteNotice,
  rules: PasswordRules,
): void {
  app
    .route('/reset_password/:token')
    .get(async (req, res) => {
      renderResetPage(res, await findUsableLink(req));
    })
    .post(async (req, res) => {
      // The link is checked first, so that only its user makes the server hash a password.
      const link = await findUsableLink(req);
      const { username, currentEmail: email } = link;
      const form = parseForm(newPasswordForm, req.body);
      const error = validateNewPassword({ username, email, ...form }, rules);
      if (error) return renderResetPage(res, link, error);
      const newHash = await passwords.hash(form.password, clientKey(req));
      const notice = writeNotice({ username, email }, 'Your password was reset with a link.');
      if (!(await passwordResets.resetPassword(link, newHash, notice))) throw unusableLink();
      logEvent(req, 'password_reset', { userId: link.userId });
      res.flash('Your password was changed. You can sign in with it now.');
      res.redirect('/login');
    })
    .all(methodNotAllowed);

  async function findUsableLink(req: Request<{ token: string }>): Promise<Link> {
    const link = await links.findLink(req.params.token, 'reset');
    if (!link) throw unusableLink();
    return link;
  }
}

function renderResetPage(
  res: Response,
  { token, username }: Link,
  error: FieldError | null = null,
): void {
  res.set('Cache-Control', 'private, no-store');
  res.render('reset-password.html', { token, username, error });
}

function unusableLink(): AppError {
  return new AppError(
    'not_found',
    'This link was used, has expired or is incomplete. Request another one, and open it within an hour.',
  );
}

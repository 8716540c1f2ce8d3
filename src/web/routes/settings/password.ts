import type { IRouter, Request, Response } from 'express';
import type { User, Users } from '../../../repositories/users.ts';
import { type FieldError, parseForm } from '../../forms/form.ts';
import {
  passwordChangeForm,
  type PasswordRules,
  validateNewPassword,
} from '../../forms/new-password.ts';
import { logEvent } from '../../middleware/audit.ts';
import { clientKey } from '../../middleware/client-key.ts';
import { currentSessionId, logIn, requireUser } from '../../middleware/current-user.ts';
import { methodNotAllowed } from '../../middleware/errors.ts';
import type { WriteNotice } from '../../mail/letters.ts';
import type { Passwords } from '../../passwords/passwords.ts';
import type { ConfirmPassword } from './confirm-password.ts';

/** Adds `/settings/password`, which changes the password of the user who is logged in. */
export function addPasswordRoute(
  app: IRouter,
  users: Users,
  passwords: Passwords,
  confirmPassword: ConfirmPassword,
  writeNotice: WriteNotice,
  rules: PasswordRules,
): void {
  app
    .route('/settings/password')
    .get((req, res) => {
      requireUser(req);
      renderPasswordPage(res);
    })
    .post(async (req, res) => {
      const user = requireUser(req);
      const form = parseForm(passwordChangeForm, req.body);
      const { username } = user;
      const email = (await users.findUser(username))?.email ?? '';
      const error =
        validateNewPassword({ username, email, ...form }, rules) ??
        (await changePassword(req, res, { ...user, email }, form));
      if (error) return renderPasswordPage(res, error);
      res.flash('Your password was changed, and all other sessions were ended');
      res.redirect('/settings');
    })
    .all(methodNotAllowed);

  /** Returns an error for the form if the current password is wrong. */
  async function changePassword(
    req: Request,
    res: Response,
    user: User,
    form: PasswordChange,
  ): Promise<FieldError | null> {
    const confirmed = await confirmPassword(req, res, user.username, form.current_password);
    if (confirmed.error) return confirmed.error;
    const newHash = await passwords.hash(form.password, clientKey(req));
    const notice = writeNotice(user, 'Your password was changed in the settings.');
    await users.changePassword(confirmed, newHash, { sessionId: currentSessionId(req), notice });
    logEvent(req, 'password_changed', { userId: user.userId });
    await logIn(req, user, { passwordHash: newHash, hasSecondFactor: true });
    return null;
  }
}

type PasswordChange = ReturnType<typeof passwordChangeForm.parse>;

function renderPasswordPage(res: Response, error: FieldError | null = null): void {
  res.render('password.html', { error });
}

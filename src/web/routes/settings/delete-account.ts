import type { IRouter, Response } from 'express';
import type { MailConfig } from '../../../config/mail-settings.ts';
import type { AccountDeletion } from '../../../repositories/account-deletion.ts';
import type { NewMail } from '../../../repositories/mails.ts';
import type { Users } from '../../../repositories/users.ts';
import { currentPasswordForm } from '../../forms/current-password.ts';
import { type FieldError, parseForm } from '../../forms/form.ts';
import { logEvent } from '../../middleware/audit.ts';
import { writeDeletionNotice } from '../../mail/letters.ts';
import { requireUser } from '../../middleware/current-user.ts';
import { methodNotAllowed } from '../../middleware/errors.ts';
import type { CookieConfig } from '../../middleware/secure-cookies.ts';
import type { ConfirmPassword } from './confirm-password.ts';
import { createEndSession } from '../login/end-session.ts';

/** Adds `/settings/delete_account`, which deletes the account of the user who is logged in. */
export function addDeleteAccountRoute(
  app: IRouter,
  users: Users,
  accountDeletion: AccountDeletion,
  confirmPassword: ConfirmPassword,
  config: CookieConfig & { mail: MailConfig | null },
): void {
  const endSession = createEndSession(config);

  app
    .route('/settings/delete_account')
    .get((req, res) => {
      requireUser(req);
      renderDeletionPage(res);
    })
    .post(async (req, res) => {
      const { userId, username } = requireUser(req);
      const form = parseForm(currentPasswordForm, req.body);
      const confirmed = await confirmPassword(req, res, username, form.current_password);
      if (confirmed.error) return renderDeletionPage(res, confirmed.error);
      await accountDeletion.startOwnDeletion(confirmed, await writeNotice(username));
      logEvent(req, 'account_deleted', { userId });
      await endSession(req, res);
      res.flash('Your account was deleted');
      res.redirect('/public');
    })
    .all(methodNotAllowed);

  /** Returns the mail about the deletion, and null if mail is off. */
  async function writeNotice(username: string): Promise<NewMail | null> {
    const user = config.mail && (await users.findUser(username));
    return user && config.mail ? writeDeletionNotice(user, config.mail.siteUrl) : null;
  }
}

function renderDeletionPage(res: Response, error: FieldError | null = null): void {
  res.render('delete-account.html', { error });
}

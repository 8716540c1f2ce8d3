import type { IRouter, Request, Response } from 'express';
import type { MailConfig } from '../../../config/mail-settings.ts';
import type { EmailChanges } from '../../../repositories/email-changes.ts';
import type { RateLimits } from '../../../repositories/rate-limits.ts';
import type { Credentials, Users } from '../../../repositories/users.ts';
import { emailChangeForm, validateEmail } from '../../forms/email.ts';
import { type FieldError, parseForm } from '../../forms/form.ts';
import { writeConfirmationMail } from '../../mail/letters.ts';
import { logEvent } from '../../middleware/audit.ts';
import { requireUser } from '../../middleware/current-user.ts';
import { methodNotAllowed } from '../../middleware/errors.ts';
import type { CurrentUser } from '../../middleware/login.ts';
import { setTooManyRequests } from '../../middleware/too-many-requests.ts';
import type { ConfirmPassword } from './confirm-password.ts';

/**
 * Adds `/settings/email`, which changes the email address of the user who is logged in: at once if mail is off
 * (`mail` is null), and otherwise after the new address was confirmed with a link.
 */
export function addEmailRoute(
  app: IRouter,
  users: Users,
  emailChanges: EmailChanges,
  rateLimits: RateLimits,
  confirmPassword: ConfirmPassword,
  mail: MailConfig | null,
): void {
  app
    .route('/settings/email')
    .get(async (req, res) => {
      requireUser(req);
      await renderEmailPage(req, res);
    })
    .post(async (req, res) => {
      const user = requireUser(req);
      const form = parseForm(emailChangeForm, req.body);
      const confirmed = await confirmChange(req, res, user, form);
      if (confirmed.error) return renderEmailPage(req, res, form.email, confirmed.error);
      res.flash(await changeEmail(req, user.username, confirmed, form.email));
      res.redirect('/settings');
    })
    .all(methodNotAllowed);

  /** Returns the user's credentials if the address, the password and the limits allow the change. */
  async function confirmChange(
    req: Request,
    res: Response,
    { userId, username }: CurrentUser,
    { email, current_password }: ReturnType<typeof emailChangeForm.parse>,
  ): Promise<(Credentials & { error: null }) | { error: FieldError }> {
    const problem = validateEmail(email);
    if (problem) return { error: { field: 'email', message: problem } };
    const confirmed = await confirmPassword(req, res, username, current_password);
    if (confirmed.error) return confirmed;
    const { refusal } = await rateLimits.consumeEmailChange({ email, userId });
    if (!refusal) return confirmed;
    setTooManyRequests(res, refusal);
    return { error: { field: 'email', message: refusal.message } };
  }

  /** Returns the message about the change. */
  async function changeEmail(
    req: Request,
    username: string,
    confirmed: Credentials,
    email: string,
  ): Promise<string> {
    const { userId } = confirmed;
    if (!mail) {
      await emailChanges.changeEmail(confirmed, email);
      logEvent(req, 'email_changed', { userId });
      return 'Your email address was changed';
    }
    const letter = writeConfirmationMail({ userId, username }, email, mail.siteUrl);
    await emailChanges.requestConfirmation(confirmed, letter);
    logEvent(req, 'email_change_requested', { userId });
    return `A mail to ${email} has a link. Open it within an hour, and your address changes.`;
  }

  async function renderEmailPage(
    req: Request,
    res: Response,
    email = '',
    error: FieldError | null = null,
  ): Promise<void> {
    const account = await users.findUser(requireUser(req).username);
    res.render('email.html', {
      currentEmail: account?.email ?? '',
      hasConfirmation: mail !== null,
      email,
      error,
    });
  }
}

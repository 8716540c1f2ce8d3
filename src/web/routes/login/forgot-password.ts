import type { IRouter, Response } from 'express';
import type { PasswordResets } from '../../../repositories/password-resets.ts';
import type { RateLimits } from '../../../repositories/rate-limits.ts';
import { forgotPasswordForm, validateEmail } from '../../forms/email.ts';
import { parseForm } from '../../forms/form.ts';
import { logEvent } from '../../middleware/audit.ts';
import { clientKey } from '../../middleware/client-key.ts';
import { methodNotAllowed } from '../../middleware/errors.ts';
import { setTooManyRequests } from '../../middleware/too-many-requests.ts';

const REQUESTED =
  'If an account has this email address, it gets a mail with a link within minutes. The link resets the password.';

/**
 * Adds `/forgot_password`. The response, its time and the queries of a request do not depend on whether an account has
 * the email address: the mail sender searches for the accounts.
 */
export function addForgotPasswordRoute(
  app: IRouter,
  passwordResets: PasswordResets,
  rateLimits: RateLimits,
): void {
  app
    .route('/forgot_password')
    .get((_req, res) => {
      renderForgotPasswordPage(res);
    })
    .post(async (req, res) => {
      const { email } = parseForm(forgotPasswordForm, req.body);
      const problem = validateEmail(email);
      if (problem) return renderForgotPasswordPage(res, email, problem);
      const { refusal } = await rateLimits.consumeReset({ email, address: clientKey(req) });
      if (refusal) {
        setTooManyRequests(res, refusal);
        return renderForgotPasswordPage(res, email, refusal.message);
      }
      await passwordResets.requestReset(email);
      logEvent(req, 'reset_requested', {});
      res.flash(REQUESTED);
      res.redirect('/login');
    })
    .all(methodNotAllowed);
}

function renderForgotPasswordPage(res: Response, email = '', message: string | null = null): void {
  const error = message === null ? null : { field: 'email', message };
  res.render('forgot-password.html', { email, error });
}

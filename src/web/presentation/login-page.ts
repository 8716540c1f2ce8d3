import type { Response } from 'express';
import type { FieldError } from '../forms/form.ts';

/** The values of the login page. */
export interface LoginPage {
  /** An explanation for a reader who did not request this page; null for none. */
  notice?: string | null;
  username?: string;
  error?: FieldError | null;
  /** A message that is not posted yet; null for none. The form submits it, and the home timeline shows it in the post box. */
  draft?: string | null;
}

/** Sends the login page. */
export function renderLoginPage(
  res: Response,
  { notice = null, username = '', error = null, draft = null }: LoginPage = {},
): void {
  res.render('login.html', { notice, username, error, draft });
}

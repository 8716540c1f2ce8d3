import type { Response } from 'express';
import type { FieldError } from '../forms/form.ts';

/** What the sign-in page shows beside its empty form. */
export interface LoginPage {
  /** Why the page is shown to a user who did not request it; null for no notice. */
  notice?: string | null;
  username?: string;
  error?: FieldError | null;
  /** A message that is not posted yet, which the form sends along for the post box; null for none. */
  draft?: string | null;
}

/** Sends the sign-in page. */
export function renderLoginPage(
  res: Response,
  { notice = null, username = '', error = null, draft = null }: LoginPage = {},
): void {
  res.render('login.html', { notice, username, error, draft });
}

import type { Response } from 'express';
import type { FormError } from '../forms/form.ts';

/** What the sign-in page shows beside its empty form. */
export interface LoginPage {
  /** Why a person who did not come for it sees this page; null for nothing. */
  notice?: string | null;
  username?: string;
  error?: FormError | null;
  /** A message that the person wrote, which the form takes along to the post box; null for none. */
  draft?: string | null;
}

/** Sends the sign-in page. */
export function showLogin(
  res: Response,
  { notice = null, username = '', error = null, draft = null }: LoginPage = {},
): void {
  res.render('login.html', { notice, username, error, draft });
}

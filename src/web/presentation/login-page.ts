import type { Response } from 'express';
import type { FieldError } from '../forms/form.ts';
import { findSite } from '../middleware/request-hosts.ts';

/** The values of the login page. */
export interface LoginPage {
  /** Explains to a visitor who requested another page why this one is shown. Null for none. */
  notice?: string | null;
  username?: string;
  error?: FieldError | null;
  /**
   * A message that is not posted yet, in a hidden field. After the login, it is in the text box of the timeline.
   * Null for none.
   */
  draft?: string | null;
}

/** Sends the login page. */
export function renderLoginPage(
  res: Response,
  { notice = null, username = '', error = null, draft = null }: LoginPage = {},
): void {
  res.render('login.html', { notice, username, error, draft, site: findSite(res.req) });
}

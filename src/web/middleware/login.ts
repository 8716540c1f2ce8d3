import type { NewSession } from '../../repositories/sessions.ts';

/** The user who is logged in. */
export interface CurrentUser {
  userId: number;
  username: string;
  // These are read with the session. They are missing in the request that logs the user in.
  isModerator?: boolean;
  /** Whether the user may have muted or blocked others, or may have been blocked. */
  hasUnseenAuthors?: boolean;
}

/** The proof of a login. */
export type VerifiedLogin = Pick<NewSession, 'passwordHash' | 'hasSecondFactor'>;

/** A login of a request's browser. */
export interface Login {
  sessionId: string;
  user: CurrentUser;
}

/** The name of the session cookie, without `COOKIE_PREFIX`. */
export const SESSION_COOKIE = 'session';

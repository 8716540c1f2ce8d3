import type { Request } from 'express';
import type { SessionData } from 'express-session';
import { AppError } from '../../errors/app-error.ts';
import { submittedField } from '../forms/form.ts';
import { USERNAME_MAX_LENGTH } from '../forms/username.ts';
import type { CurrentUser, VerifiedLogin } from './login.ts';
import { formatBrowser } from './user-agent.ts';

/** Returns the user who sent this request, and null without a login. */
export function currentUser(req: Request): CurrentUser | null {
  return req.login?.user ?? null;
}

/** Returns the id of the current user's session. Call it only with a login. */
export function currentSessionId(req: Request): string {
  return req.login?.sessionId ?? '';
}

/**
 * Returns the user who sent this request.
 * @throws AppError `unauthenticated` without a login, and `conflict` if the submitted form belongs to another user
 */
export function requireUser(req: Request): CurrentUser {
  const user = currentUser(req);
  if (!user) throw new AppError('unauthenticated', 'You have to sign in first.');
  const intended = findOtherFormUser(req, user);
  if (intended !== null) {
    throw new AppError(
      'conflict',
      `${intended} opened this page, but you are now signed in as ${user.username}. Nothing was changed.`,
    );
  }
  return user;
}

/**
 * Returns the username in the submitted form, if it is not that of the current user: another user has signed in since
 * the page was opened, in another tab. Returns null if it is the same user, or if the form has no username.
 */
export function findOtherFormUser({ body }: Request, { username }: CurrentUser): string | null {
  const intended = submittedField(body, 'signed_in_as');
  if (typeof intended !== 'string' || intended === username) return null;
  // No form of MiniTwit has a longer name.
  return intended.slice(0, 2 * USERNAME_MAX_LENGTH);
}

/**
 * Logs a user in with a new session. Resolves when the database has stored the session.
 * @throws AppError `conflict` if the user's password is no longer the verified one, or if the user has turned on a
 *   second factor that was not verified
 */
export async function logIn(
  req: Request,
  user: CurrentUser,
  verified: VerifiedLogin,
): Promise<void> {
  await req.openSession();
  // A new id prevents session fixation: a client that knows the old id does not share the login.
  await toPromise((done) => req.session.regenerate(done));
  const browser = formatBrowser(req.get('user-agent'));
  Object.assign(req.session, { user, verified, browser });
  try {
    await toPromise((done) => req.session.save(done));
  } catch (error) {
    // Otherwise, express-session would try to store the session again with the response.
    delete (req.session as Partial<SessionData>).user;
    throw error;
  }
  req.login = { sessionId: req.sessionID, user };
}

/** Logs the user of this request out. Resolves when the database has deleted the session. */
export async function logOut(req: Request): Promise<void> {
  await req.openSession();
  await toPromise((done) => req.session.destroy(done));
  req.login = null;
}

function toPromise(act: (done: (error?: unknown) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    act((error) => (error ? reject(error) : resolve()));
  });
}

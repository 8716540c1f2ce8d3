import type { Request } from 'express';
import { AppError } from '../../errors/app-error.ts';
import { submittedField } from '../forms/form.ts';
import { USERNAME_MAX_LENGTH } from '../forms/username.ts';
import { type CurrentUser, hasSession } from './session.ts';

/** Who sent this request; null for somebody who is not logged in. */
export function currentUser(req: Request): CurrentUser | null {
  return hasSession(req) ? (req.session.user ?? null) : null;
}

/**
 * Returns the user who sent this request.
 * @throws AppError `unauthenticated` without a login, and `conflict` if the form was made for another user
 */
export function requireUser(req: Request): CurrentUser {
  const user = currentUser(req);
  if (!user) throw new AppError('unauthenticated', 'You have to sign in first.');
  const intended = findOtherFormUser(req, user);
  if (intended !== null) {
    throw new AppError(
      'conflict',
      `The page that you used was made for ${intended}, and you are now signed in as ${user.username}. Nothing was changed.`,
    );
  }
  return user;
}

/**
 * Returns the username for which the submitted form was made, if that is not the current user: another user has signed in
 * since, in another tab. Returns null if it is the same user, or if the form does not name one.
 */
export function findOtherFormUser({ body }: Request, { username }: CurrentUser): string | null {
  const intended = submittedField(body, 'signed_in_as');
  if (typeof intended !== 'string' || intended === username) return null;
  // A form of ours has no longer name.
  return intended.slice(0, 2 * USERNAME_MAX_LENGTH);
}

/** Logs a user in: a new session, which the database holds when this resolves. */
export async function logIn(req: Request, user: CurrentUser): Promise<void> {
  // A new id, so that nobody who knew the old one shares the login.
  await toPromise((done) => req.session.regenerate(done));
  req.session.user = user;
  await toPromise((done) => req.session.save(done));
}

/** Logs out whoever sent this request: the session is gone from the database when this resolves. */
export async function logOut(req: Request): Promise<void> {
  await toPromise((done) => req.session.destroy(done));
}

function toPromise(act: (done: (error?: unknown) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    act((error) => (error ? reject(error) : resolve()));
  });
}

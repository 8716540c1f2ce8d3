import type { Request } from 'express';
import { AppError } from '../errors.ts';
import { type CurrentUser, hasSession } from './session.ts';

/** Who sent this request; null for somebody who is not logged in. */
export function currentUser(req: Request): CurrentUser | null {
  return hasSession(req) ? (req.session.user ?? null) : null;
}

/**
 * Who sent this request.
 * @throws AppError `unauthenticated` when nobody is logged in
 */
export function requireUser(req: Request): CurrentUser {
  const user = currentUser(req);
  if (!user) throw new AppError('unauthenticated', 'You have to sign in first.');
  return user;
}

/** Logs a user in: a new session, which the database holds when this resolves. */
export async function logIn(req: Request, user: CurrentUser): Promise<void> {
  // A new id, so that nobody who knew the old one shares the login.
  await promised((done) => req.session.regenerate(done));
  req.session.user = user;
  await promised((done) => req.session.save(done));
}

/** Logs out whoever sent this request: the session is gone from the database when this resolves. */
export async function logOut(req: Request): Promise<void> {
  await promised((done) => req.session.destroy(done));
}

function promised(act: (done: (error?: unknown) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    act((error) => (error ? reject(error) : resolve()));
  });
}

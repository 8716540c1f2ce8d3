import { usernameOf } from './data.ts';
import { type DataSet, PASSWORD } from './data-sets.ts';
import type { WebRequest } from './requests.ts';

/** Returns a request without a session for a user's newest page. */
export function userPage(userId: number): WebRequest {
  const name = usernameOf(userId);
  return { path: `/${name}`, expected: `<h1>${name}'s Timeline</h1>` };
}

/** Returns a request for the newest page of a user's home timeline. */
export function homeTimeline(userId: number): WebRequest {
  return { path: '/', userId, expected: '<h1>My Timeline</h1>' };
}

/** Returns a login with the right password. */
export function login(userId: number): WebRequest {
  const form = { username: usernameOf(userId), password: PASSWORD };
  return { path: '/login', form, expected: '/login?signed-in' };
}

/** Returns the user id for an index. It counts through all users, and then starts again. */
export function userAt({ users }: DataSet, index: number): number {
  return (index % users) + 1;
}

import { OperatorError } from '../errors/operator-error.ts';
import type { User, Users } from '../repositories/users.ts';
import { parseUsername } from '../web/forms/username.ts';
import { escapeText } from './escape-text.ts';

/**
 * Returns the user with this name.
 * @throws OperatorError if there is none
 */
export async function requireUser(users: Users, name: string): Promise<User> {
  const username = parseUsername(name);
  const user = username === null ? null : await users.findUser(username);
  if (user) return user;
  throw new OperatorError(
    `There is no user called "${escapeText(name)}". Names are compared exactly, including their case.`,
  );
}

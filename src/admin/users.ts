import { alignColumns } from '../cli/table.ts';
import { USER_LIST_LIMIT } from '../repositories/user-list.ts';
import { normalizeUsername } from '../web/forms/username.ts';
import type { AdminContext } from './context.ts';
import { escapeText } from './escape-text.ts';

/** Prints the users whose names begin with `prefix`. `after` is the last name of the previous page, or empty. */
export async function printUsers(
  { repositories, print }: AdminContext,
  { prefix, after }: { prefix: string; after: string },
): Promise<void> {
  const users = await repositories.userList.listUsers(
    normalizeUsername(prefix),
    normalizeUsername(after),
  );
  if (users.length === 0) return print('There are no such users.');
  const rows = users.map(({ userId, username, email, isModerator, state }) => [
    String(userId),
    escapeText(username),
    escapeText(email),
    isModerator ? 'moderator' : 'user',
    state,
  ]);
  for (const line of alignColumns([['ID', 'NAME', 'EMAIL', 'ROLE', 'STATE'], ...rows])) {
    print(line);
  }
  if (users.length < USER_LIST_LIMIT) return;
  print(`There may be more users. Run the command again with --after and the last name.`);
}

import type { Database } from '../database/database.ts';

/** A user in the list of the operator. */
export interface ListedUser {
  userId: number;
  username: string;
  email: string;
  isModerator: boolean;
  state: 'active' | 'suspended' | 'being deleted';
}

/** Lists users for the operator. */
export interface UserList {
  /**
   * Lists the users whose names begin with `prefix`, in the order of their names, at most USER_LIST_LIMIT. `afterName`
   * is the last name of the previous page, or empty.
   */
  listUsers(prefix: string, afterName: string): Promise<ListedUser[]>;
}

/** The number of users on a page of the list. */
export const USER_LIST_LIMIT = 50;

/** Creates the list of the users of a database. */
export function createUserList(database: Database): UserList {
  return {
    async listUsers(prefix, afterName) {
      const rows = await database.select<
        Omit<ListedUser, 'isModerator' | 'state'> & {
          isModerator: number;
          isHidden: number;
          isDeleted: number | null;
        }
      >(
        `select user.user_id as userId, user.username, user.email,
           user.is_moderator as isModerator, hidden_author.user_id is not null as isHidden,
           hidden_author.is_deleted as isDeleted
         from user
         left join hidden_author on hidden_author.user_id = user.user_id
         where user.username like :pattern and user.username > :afterName and :isPrimary
         order by user.username
         limit :limit`,
        { pattern: `${escapePattern(prefix)}%`, afterName, limit: USER_LIST_LIMIT },
      );
      return rows.map(({ isModerator, isHidden, isDeleted, ...user }) => ({
        ...user,
        isModerator: isModerator > 0,
        state: isDeleted ? 'being deleted' : isHidden ? 'suspended' : 'active',
      }));
    },
  };
}

/** Escapes the wildcards of `like`. */
function escapePattern(text: string): string {
  return text.replaceAll(/[\\%_]/g, String.raw`\$&`);
}

import { batchReads } from '../database/batches.ts';
import type { Database } from '../database/database.ts';
import { findExactUsername } from './exact-username.ts';
import type { ListedId } from './listed-ids.ts';
import { appendNewestIds } from './newest-ids.ts';
import type { User } from './users.ts';

/** A user, with what the user's page shows. */
export interface Profile extends User {
  /** The number of users that follow this user. */
  followers: number;
  /** The number of users that this user follows. */
  following: number;
  /** The user's newest messages, newest first, at most PAGE_QUERY_LIMIT. Empty if the user is suspended. */
  newestIds: ListedId[];
  isSuspended: boolean;
}

type ProfileRow = Omit<Profile, 'newestIds' | 'isSuspended'> & {
  newestIds: string;
  isSuspended: number;
};

/**
 * Reads the table `profile`, which has counts and message ids that would take long to compute for each page.
 * `profile-updates.ts` writes it.
 */
export interface Profiles {
  /** Returns null if the user does not exist, or if the account is being deleted. */
  findProfile(username: string): Promise<Profile | null>;
}

/** Creates the profiles of a database. */
export function createProfiles(database: Database): Profiles {
  return {
    findProfile: batchReads(async (usernames) => {
      const rows = await database.select<ProfileRow>(
        `select user.user_id as userId, user.username, user.email,
           profile.followers, profile.following, profile.newest_ids as newestIds,
           profile.is_hidden as isSuspended
         from user
         join profile on profile.user_id = user.user_id
         left join hidden_author on hidden_author.user_id = user.user_id
         where user.username in (:usernames)
           and coalesce(hidden_author.is_deleted, false) = false
           and :isPrimary`,
        { usernames },
      );
      return usernames.map((username) => {
        const found = findExactUsername(username, rows);
        return (
          found && {
            ...found,
            newestIds: appendNewestIds([], found.newestIds),
            isSuspended: found.isSuspended === 1,
          }
        );
      });
    }),
  };
}

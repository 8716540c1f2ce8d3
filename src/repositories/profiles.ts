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
  /** A text that differs for different profiles. It is shorter to compare than all of the above. */
  version: string;
}

type ProfileRow = Omit<Profile, 'newestIds' | 'isSuspended' | 'version'> & {
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
  /** Lists those of these suspended users whose account is being deleted. A join with each profile would cost more. */
  async function listDeleted(suspended: ProfileRow[]): Promise<Set<number>> {
    if (suspended.length === 0) return new Set();
    const rows = await database.select<{ userId: number }>(
      `select user_id as userId
       from hidden_author
       where user_id in (:userIds) and is_deleted and :isPrimary`,
      { userIds: suspended.map(({ userId }) => userId) },
    );
    return new Set(rows.map(({ userId }) => userId));
  }

  return {
    findProfile: batchReads(async (usernames) => {
      const rows = await database.select<ProfileRow>(
        `select user.user_id as userId, user.username, user.email,
           profile.followers, profile.following, profile.newest_ids as newestIds,
           profile.is_hidden as isSuspended
         from user
         join profile on profile.user_id = user.user_id
         where user.username in (:usernames) and :isPrimary`,
        { usernames },
      );
      const deleted = await listDeleted(rows.filter(({ isSuspended }) => isSuspended === 1));
      return usernames.map((username) => {
        const found = findExactUsername(username, rows);
        return found && !deleted.has(found.userId) ? toProfile(found) : null;
      });
    }),
  };
}

function toProfile(row: ProfileRow): Profile {
  return {
    ...row,
    newestIds: appendNewestIds([], row.newestIds),
    isSuspended: row.isSuspended === 1,
    version: Object.values(row).join('\n'),
  };
}

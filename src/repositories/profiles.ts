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
  const readProfile = batchReads(async (usernames: string[]) => {
    const rows = await database.select<ProfileRow>(
      `select user.user_id as userId, user.username, user.email,
         profile.followers, profile.following, profile.newest_ids as newestIds,
         profile.is_hidden as isSuspended
       from user
       join profile on profile.user_id = user.user_id
       where user.username in (:usernames) and :isPrimary`,
      { usernames },
    );
    return usernames.map((username) => {
      const found = findExactUsername(username, rows);
      return found && toProfile(found);
    });
  });

  /** Returns whether the account of a suspended user exists, and is not being deleted. */
  const isRetained = batchReads(async (userIds: number[]) => {
    const rows = await database.select<{ userId: number }>(
      `select user.user_id as userId
       from user
       left join hidden_author on hidden_author.user_id = user.user_id
       where user.user_id in (:userIds) and coalesce(hidden_author.is_deleted, false) = false
         and :isPrimary`,
      { userIds },
    );
    const retained = new Set(rows.map(({ userId }) => userId));
    return userIds.map((userId) => retained.has(userId));
  });

  return {
    async findProfile(username) {
      const profile = await readProfile(username);
      // Only suspended users take this second query. A join in the first one would take longer for all.
      const isGone = profile?.isSuspended && !(await isRetained(profile.userId));
      return isGone ? null : profile;
    },
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

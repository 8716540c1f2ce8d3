import type { Database } from '../database/database.ts';

/** How many people read a person, and how many that person reads. */
export interface FollowCounts {
  followers: number;
  following: number;
}

/** The table `follower`: who (`who_id`) follows whom (`whom_id`). */
export interface Followers {
  isFollowing(whoId: number, whomId: number): Promise<boolean>;
  countFollows(userId: number): Promise<FollowCounts>;
  /** Idempotent. */
  follow(whoId: number, whomId: number): Promise<void>;
  /** Idempotent. */
  unfollow(whoId: number, whomId: number): Promise<void>;
}

/** The followers in this database. */
export function createFollowers(database: Database): Followers {
  return {
    async isFollowing(whoId, whomId) {
      const rows = await database.select(
        `select 1
         from follower
         where who_id = :whoId and whom_id = :whomId`,
        { whoId, whomId },
      );
      return rows.length > 0;
    },

    async countFollows(userId) {
      const [counts] = await database.select<FollowCounts>(
        `select
           (select count(*) from follower where whom_id = :userId) as followers,
           (select count(*) from follower where who_id = :userId) as following`,
        { userId },
      );
      return counts ?? { followers: 0, following: 0 };
    },

    async follow(whoId, whomId) {
      // Not `insert ignore`, which would also hide that one of the two does not exist.
      await database.change(
        `insert into follower (who_id, whom_id)
         values (:whoId, :whomId)
         on duplicate key update who_id = who_id`,
        { whoId, whomId },
      );
    },

    async unfollow(whoId, whomId) {
      await database.change(
        `delete from follower
         where who_id = :whoId and whom_id = :whomId`,
        { whoId, whomId },
      );
    },
  };
}

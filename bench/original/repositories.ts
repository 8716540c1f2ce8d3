import type { Database } from '../../src/database/database.ts';
import type { Followers } from '../../src/repositories/followers.ts';
import type { Repositories } from '../../src/repositories/repositories.ts';
import { createSessions } from '../../src/repositories/sessions.ts';
import type { Users } from '../../src/repositories/users.ts';
import { createOriginalMessages } from './messages.ts';

/** What MiniTwit's `select *` reads of a user. */
interface UserRow {
  user_id: number;
  username: string;
  email: string;
  pw_hash: string;
}

/**
 * Our application's repositories with the queries of Flask's MiniTwit. What MiniTwit did not show costs
 * nothing: numbers of followers are 0. Sessions, which it did not store, are ours.
 */
export function createOriginalRepositories(database: Database): Repositories {
  return {
    users: createOriginalUsers(database),
    messages: createOriginalMessages(database),
    followers: createOriginalFollowers(database),
    sessions: createSessions(database),
    isReady: () => Promise.resolve(true),
  };
}

function createOriginalUsers(database: Database): Users {
  async function findByName(username: string): Promise<UserRow | null> {
    const [user] = await database.select<UserRow>('select * from user where username = :username', {
      username,
    });
    return user ?? null;
  }

  return {
    async findUser(username) {
      const user = await findByName(username);
      return user && { userId: user.user_id, username: user.username, email: user.email };
    },

    async findCredentials(username) {
      const user = await findByName(username);
      return user && { userId: user.user_id, passwordHash: user.pw_hash };
    },

    async createUser({ username, email, passwordHash }) {
      const { insertId } = await database.change(
        'insert into user (username, email, pw_hash) values (:username, :email, :passwordHash)',
        { username, email, passwordHash },
      );
      return insertId;
    },
  };
}

function createOriginalFollowers(database: Database): Followers {
  return {
    async isFollowing(whoId, whomId) {
      const rows = await database.select(
        `select 1 from follower
         where follower.who_id = :whoId and follower.whom_id = :whomId`,
        { whoId, whomId },
      );
      return rows.length > 0;
    },

    countFollows: () => Promise.resolve({ followers: 0, following: 0 }),

    async follow(whoId, whomId) {
      await database.change('insert into follower (who_id, whom_id) values (:whoId, :whomId)', {
        whoId,
        whomId,
      });
    },

    async unfollow(whoId, whomId) {
      await database.change('delete from follower where who_id = :whoId and whom_id = :whomId', {
        whoId,
        whomId,
      });
    },
  };
}

import type { Database } from '../../src/database/database.ts';
import type { Followers } from '../../src/repositories/followers.ts';
import { createRepositories, type Repositories } from '../../src/repositories/repositories.ts';
import type { Messages } from '../../src/repositories/messages.ts';
import type { Profiles } from '../../src/repositories/profiles.ts';
import type { Users } from '../../src/repositories/users.ts';
import { createOriginalTimelines } from './timelines.ts';

/** A row of `select * from user` in Flask's MiniTwit. */
interface UserRow {
  user_id: number;
  username: string;
  email: string;
  pw_hash: string;
}

/**
 * Returns the application's repositories with the queries of Flask's MiniTwit. Numbers of followers are 0, since
 * Flask's MiniTwit does not show them. Sessions and all else that Flask's MiniTwit does not store are the application's.
 */
export function createOriginalRepositories(database: Database): Repositories {
  const users = createOriginalUsers(database);
  const { listMessages, ...timelines } = createOriginalTimelines(database);
  return {
    ...createRepositories(database),
    users,
    messages: { ...createOriginalMessages(database), listMessages },
    followers: createOriginalFollowers(database),
    profiles: createOriginalProfiles(users),
    renames: {
      rename: throwUnsupported,
      leasedCount: () => 0,
      countRenames: () => Promise.resolve(0),
    },
    timelines,
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

    replacePasswordHash: throwUnsupported,
    changePassword: throwUnsupported,
    setModerator: throwUnsupported,

    async createUser({ username, email, passwordHash }) {
      const { insertId } = await database.execute(
        'insert into user (username, email, pw_hash) values (:username, :email, :passwordHash)',
        { username, email, passwordHash },
      );
      return insertId;
    },
  };
}

function createOriginalProfiles(users: Users): Profiles {
  return {
    async findProfile(username) {
      const user = await users.findUser(username);
      return (
        user && {
          ...user,
          followers: 0,
          following: 0,
          newestIds: [],
          isSuspended: false,
          version: '',
        }
      );
    },
  };
}

function createOriginalMessages(database: Database): Omit<Messages, 'listMessages'> {
  return {
    async createMessage(authorId, text) {
      const pubDateS = Math.floor(Date.now() / 1000);
      const { insertId } = await database.execute(
        'insert into message (author_id, text, pub_date) values (:authorId, :text, :pubDateS)',
        { authorId, text, pubDateS },
      );
      return insertId;
    },
    findMessage: throwUnsupported,
    deleteMessage: throwUnsupported,
  };
}

async function throwUnsupported(): Promise<never> {
  throw new Error('Flask’s MiniTwit does not have this operation.');
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

    async follow(whoId, whomId) {
      await database.execute('insert into follower (who_id, whom_id) values (:whoId, :whomId)', {
        whoId,
        whomId,
      });
    },

    async unfollow(whoId, whomId) {
      await database.execute('delete from follower where who_id = :whoId and whom_id = :whomId', {
        whoId,
        whomId,
      });
    },
  };
}

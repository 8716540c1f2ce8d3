import type { Database } from '../database/database.ts';
import { isDuplicate } from '../database/failures.ts';
import { AppError } from '../errors/app-error.ts';
import { exactly } from './exact-username.ts';
import { addProfile } from './profiles.ts';

/** A person as everybody may see them. `email` is for Gravatar alone and is never shown. */
export interface User {
  userId: number;
  username: string;
  email: string;
}

/** What a login needs. */
export interface Credentials {
  userId: number;
  passwordHash: string;
}

/** What `createUser` stores; the rules on names and passwords were applied before. */
export interface NewUser {
  username: string;
  email: string;
  passwordHash: string;
}

/** The table `user`. Names are compared exactly, case included, and are expected in Unicode's NFC. */
export interface Users {
  findUser(username: string): Promise<User | null>;
  findCredentials(username: string): Promise<Credentials | null>;
  /** Stores a new hash of a user's password, unless the stored one has changed since these credentials were read. */
  replacePasswordHash(read: Credentials, newHash: string): Promise<void>;
  /** @throws AppError `conflict` when the name is taken; of two at once, one gets it */
  createUser(user: NewUser): Promise<number>;
}

/** The users in this database. */
export function createUsers(database: Database): Users {
  return {
    async findUser(username) {
      const rows = await database.select<User>(
        `select user_id as userId, username, email
         from user
         where username = :username and :isPrimary`,
        { username },
      );
      return exactly(username, rows);
    },

    async findCredentials(username) {
      const rows = await database.select<Credentials & { username: string }>(
        `select user_id as userId, username, pw_hash as passwordHash
         from user
         where username = :username and :isPrimary`,
        { username },
      );
      return exactly(username, rows);
    },

    async replacePasswordHash({ userId, passwordHash }, newHash) {
      await database.change(
        `update user
         set pw_hash = :newHash
         where user_id = :userId and pw_hash = :passwordHash`,
        { userId, passwordHash, newHash },
      );
    },

    async createUser(user) {
      try {
        return await database.transact(async (transaction) => {
          const { insertId } = await transaction.change(
            `insert into user (username, email, pw_hash)
             values (:username, :email, :passwordHash)`,
            { ...user },
          );
          await addProfile(transaction, insertId);
          return insertId;
        });
      } catch (error) {
        if (isDuplicate(error)) throw new AppError('conflict', 'The username is already taken');
        throw error;
      }
    },
  };
}

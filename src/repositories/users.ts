import type { Database } from '../database/database.ts';
import { isDuplicateKey } from '../database/query-errors.ts';
import { AppError } from '../errors/app-error.ts';
import { findExactUsername } from './exact-username.ts';
import { addProfile } from './profile-updates.ts';

/** A user, without the password. `email` is only for Gravatar, and no page shows it. */
export interface User {
  userId: number;
  username: string;
  email: string;
}

/** The fields of a user that a login needs. */
export interface Credentials {
  userId: number;
  passwordHash: string;
}

/** A row for `createUser`. The form has validated it. */
export interface NewUser {
  username: string;
  email: string;
  passwordHash: string;
}

/**
 * Reads and writes the table `user`. Usernames are compared exactly, including their case, and must be in Unicode's
 * NFC.
 */
export interface Users {
  findUser(username: string): Promise<User | null>;
  findCredentials(username: string): Promise<Credentials | null>;
  /** Stores a new hash of a user's password if the stored hash is still that of these credentials. */
  replacePasswordHash(read: Credentials, newHash: string): Promise<void>;
  /** Returns the user's id. @throws AppError `conflict` if the username is taken */
  createUser(user: NewUser): Promise<number>;
}

/** Creates the users of a database. */
export function createUsers(database: Database): Users {
  return {
    async findUser(username) {
      const rows = await database.select<User>(
        `select user_id as userId, username, email
         from user
         where username = :username and :isPrimary`,
        { username },
      );
      return findExactUsername(username, rows);
    },

    async findCredentials(username) {
      const rows = await database.select<Credentials & { username: string }>(
        `select user_id as userId, username, pw_hash as passwordHash
         from user
         where username = :username and :isPrimary`,
        { username },
      );
      return findExactUsername(username, rows);
    },

    async replacePasswordHash({ userId, passwordHash }, newHash) {
      await database.execute(
        `update user
         set pw_hash = :newHash
         where user_id = :userId and pw_hash = :passwordHash`,
        { userId, passwordHash, newHash },
      );
    },

    async createUser(user) {
      try {
        return await database.transact(async (transaction) => {
          const { insertId } = await transaction.execute(
            `insert into user (username, email, pw_hash)
             values (:username, :email, :passwordHash)`,
            { ...user },
          );
          await addProfile(transaction, insertId);
          return insertId;
        });
      } catch (error) {
        if (isDuplicateKey(error)) throw new AppError('conflict', 'The username is already taken');
        throw error;
      }
    },
  };
}

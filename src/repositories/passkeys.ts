import type { Database } from '../database/database.ts';
import { isDuplicateKey } from '../database/query-errors.ts';
import { NOW, type Statements } from '../database/statements.ts';
import { AppError } from '../errors/app-error.ts';
import { addMail, type NewMail } from './mails.ts';
import { deleteOtherSessions } from './sessions.ts';
import { type Credentials, lockCredentials } from './users.ts';

/** A passkey in the list of its user. */
export interface ListedPasskey {
  /** The id that its authenticator has given it, in Base64. */
  credentialId: string;
  name: string;
  /** Seconds since 1970. */
  createdS: number;
  /** The last login with it in seconds since 1970, or the creation if there was none. */
  usedS: number;
}

/** A passkey and its user. */
export interface Passkey extends Credentials {
  username: string;
  credentialId: string;
  /** In the format COSE. */
  publicKey: Buffer;
  counter: number;
}

/** A passkey that a user has created. */
export interface NewPasskey extends Pick<Passkey, 'credentialId' | 'publicKey' | 'counter'> {
  name: string;
  /** How browsers reach the authenticator. */
  transports: string[];
}

/** A login with a passkey. */
export interface PasskeyUse {
  credentialId: string;
  /** The number of uses, as the authenticator counts them. 0 if it does not count. */
  counter: number;
  /** The time when the challenge was issued, in milliseconds since 1970. */
  challengeMs: number;
}

/** Reads and writes the table `passkey`. */
export interface Passkeys {
  /** Lists the passkeys of a user, the oldest first. */
  listPasskeys(userId: number): Promise<ListedPasskey[]>;
  findPasskey(credentialId: string): Promise<Passkey | null>;
  /**
   * Stores a passkey and a mail.
   * @throws AppError `conflict` if the passkey exists, if the user has PASSKEYS_MAX passkeys, or if the password is no
   *   longer that of `read`
   */
  createPasskey(read: Credentials, passkey: NewPasskey, notice: NewMail | null): Promise<void>;
  /**
   * Stores a login. Returns false if this challenge or a later one was used before, if the counter has not increased,
   * or if the passkey was removed. An authenticator whose counter does not increase may be a copy.
   */
  acceptUse(use: PasskeyUse): Promise<boolean>;
  /**
   * Removes a passkey, ends all other sessions of the user, and stores a mail. Idempotent.
   * @throws AppError `conflict` if the password is no longer that of `read`
   */
  removePasskey(
    read: Credentials,
    removal: { credentialId: string; sessionId: string; notice: NewMail | null },
  ): Promise<void>;
}

/** The number of passkeys that a user may have. */
export const PASSKEYS_MAX = 20;

/** Creates the passkeys of a database. */
export function createPasskeys(database: Database): Passkeys {
  function listPasskeys(statements: Statements, userId: number): Promise<ListedPasskey[]> {
    return statements.select<ListedPasskey>(
      `select credential_id as credentialId, name, created_s as createdS, used_s as usedS
       from passkey
       where user_id = :userId and :isPrimary
       order by created_s, credential_id`,
      { userId },
    );
  }

  return {
    listPasskeys: (userId) => listPasskeys(database, userId),

    async findPasskey(credentialId) {
      const [row] = await database.select<Passkey>(
        `select passkey.credential_id as credentialId, passkey.public_key as publicKey,
           passkey.counter, user.user_id as userId, user.username, user.pw_hash as passwordHash
         from passkey
         join user on user.user_id = passkey.user_id
         where passkey.credential_id = :credentialId and :isPrimary`,
        { credentialId },
      );
      return row ?? null;
    },

    async createPasskey(read, { credentialId, publicKey, counter, name, transports }, notice) {
      const { userId } = read;
      try {
        await database.transact(async (transaction) => {
          await lockCredentials(transaction, read);
          if ((await listPasskeys(transaction, userId)).length >= PASSKEYS_MAX) {
            throw new AppError('conflict', `You can have at most ${PASSKEYS_MAX} passkeys.`);
          }
          await transaction.execute(
            `insert into passkey (credential_id, user_id, public_key, counter, name, transports,
               created_s, used_s)
             values (:credentialId, :userId, :publicKey, :counter, :name, :transports, :now, :now)`,
            {
              credentialId,
              userId,
              publicKey,
              counter,
              name,
              transports: transports.join(','),
              now: NOW,
            },
          );
          await addMail(transaction, notice);
        });
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
        throw new AppError('conflict', 'This passkey exists already.');
      }
    },

    async acceptUse({ credentialId, counter, challengeMs }) {
      const { affectedRows } = await database.execute(
        `update passkey
         set counter = :counter, challenge_ms = :challengeMs, used_s = :now
         where credential_id = :credentialId and challenge_ms < :challengeMs
           and (counter < :counter or counter = 0 and :counter = 0)`,
        { credentialId, counter, challengeMs, now: NOW },
      );
      return affectedRows > 0;
    },

    removePasskey: (read, { credentialId, sessionId, notice }) =>
      database.transact(async (transaction) => {
        const { userId } = read;
        await lockCredentials(transaction, read);
        const { affectedRows } = await transaction.execute(
          `delete from passkey
           where credential_id = :credentialId and user_id = :userId`,
          { credentialId, userId },
        );
        if (affectedRows === 0) return;
        await deleteOtherSessions(transaction, userId, sessionId);
        await addMail(transaction, notice);
      }),
  };
}

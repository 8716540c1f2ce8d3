import type { Database } from '../database/database.ts';
import { isDuplicateKey } from '../database/query-errors.ts';
import type { Statements } from '../database/statements.ts';
import { AppError } from '../errors/app-error.ts';
import { type DecisionSource, recordDecisionAbout } from './hidden-authors.ts';
import { addMail, type NewMail } from './mails.ts';
import { deleteRecoveryCodes, storeRecoveryCodes } from './recovery-codes.ts';
import { deleteOtherSessions } from './sessions.ts';
import { lockUser } from './suspensions.ts';
import { type Credentials, lockCredentials } from './users.ts';

/** A user whose login needs a code after the password. */
export interface TotpUser extends Credentials {
  username: string;
  /** The encrypted secret of the user's authenticator app. */
  secret: string;
}

/** The values that are stored when a user turns on codes. */
export interface NewTotp extends Pick<TotpUser, 'secret'> {
  /** The time step of the code that the user has entered. */
  step: number;
  recoveryCodeHashes: string[];
}

/** An encrypted secret and its user. */
export type StoredSecret = Pick<TotpUser, 'userId' | 'secret'>;

/** The effects that each change of a user's second factor has. */
export interface FactorChange {
  /** The session of the user that does not end. */
  sessionId: string;
  /** The mail to the user. Null if mail is off. */
  notice: NewMail | null;
}

/** Reads and writes the table `totp`, which has a row for each user whose login needs a code after the password. */
export interface Totp {
  /** Returns null if there is no such user, or if the user's login needs no code. */
  findTotpUser(userId: number): Promise<TotpUser | null>;
  /**
   * Turns on codes, with new recovery codes, ends all other sessions of the user, and stores a mail.
   * @throws AppError `conflict` if the user has turned on codes, or if the password is no longer that of `read`
   */
  turnOn(read: Credentials, totp: NewTotp, change: FactorChange): Promise<void>;
  /**
   * Turns off codes, deletes the recovery codes, ends all other sessions of the user, and stores a mail.
   * @throws AppError `conflict` if the password is no longer that of `read`
   */
  turnOff(read: Credentials, change: FactorChange): Promise<void>;
  /** Accepts a code of a user. Returns false if a code of this time step or of a later one has been accepted. */
  acceptCode(userId: number, step: number): Promise<boolean>;
  /**
   * Lists up to `limit` secrets of users above `afterUserId`, in the order of the users, except those that begin with
   * `prefix`.
   */
  listSecretsWithout(prefix: string, afterUserId: number, limit: number): Promise<StoredSecret[]>;
  /** Replaces an encrypted secret. Returns false if it has changed since it was read. */
  replaceSecret(read: StoredSecret, secret: string): Promise<boolean>;
  /**
   * Turns off codes for a user who has lost the app and the recovery codes, and records the decision. Returns false,
   * and changes nothing, if they were off.
   */
  removeSecondFactor(userId: number, source: DecisionSource): Promise<boolean>;
}

/** Creates the second factors of a database. */
export function createTotp(database: Database): Totp {
  return {
    async findTotpUser(userId) {
      const [row] = await database.select<TotpUser>(
        `select user.user_id as userId, user.username, user.pw_hash as passwordHash, totp.secret
         from totp
         join user on user.user_id = totp.user_id
         where totp.user_id = :userId and :isPrimary`,
        { userId },
      );
      return row ?? null;
    },

    async turnOn(read, { secret, step, recoveryCodeHashes }, change) {
      const { userId } = read;
      try {
        await database.transact(async (transaction) => {
          await lockCredentials(transaction, read);
          await transaction.execute(
            `insert into totp (user_id, secret, last_step)
             values (:userId, :secret, :step)`,
            { userId, secret, step },
          );
          await storeRecoveryCodes(transaction, userId, recoveryCodeHashes);
          await finishChange(transaction, userId, change);
        });
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
        throw new AppError('conflict', 'Two-factor sign-in is already on.');
      }
    },

    turnOff: (read, change) =>
      database.transact(async (transaction) => {
        await lockCredentials(transaction, read);
        await deleteTotp(transaction, read.userId);
        await finishChange(transaction, read.userId, change);
      }),

    async acceptCode(userId, step) {
      const { affectedRows } = await database.execute(
        `update totp
         set last_step = :step
         where user_id = :userId and last_step < :step`,
        { userId, step },
      );
      return affectedRows > 0;
    },

    listSecretsWithout: (prefix, afterUserId, limit) =>
      database.select<StoredSecret>(
        `select user_id as userId, secret
         from totp
         where user_id > :afterUserId and left(secret, :prefixLength) <> :prefix and :isPrimary
         order by user_id
         limit :limit`,
        { prefix, prefixLength: prefix.length, afterUserId, limit },
      ),

    async replaceSecret({ userId, secret: readSecret }, secret) {
      const { affectedRows } = await database.execute(
        `update totp
         set secret = :secret
         where user_id = :userId and secret = :readSecret`,
        { userId, readSecret, secret },
      );
      return affectedRows > 0;
    },

    removeSecondFactor: (userId, source) =>
      database.transact(async (transaction) => {
        // Transactions of users lock the user first, too, so this one cannot deadlock with them.
        const user = await lockUser(transaction, userId);
        if (!user || !(await deleteTotp(transaction, userId))) return false;
        await recordDecisionAbout(transaction, user, 'remove_second_factor', source);
        return true;
      }),
  };
}

async function finishChange(
  transaction: Statements,
  userId: number,
  { sessionId, notice }: FactorChange,
): Promise<void> {
  await deleteOtherSessions(transaction, userId, sessionId);
  await addMail(transaction, notice);
}

/** Returns whether the user had turned on codes. */
async function deleteTotp(transaction: Statements, userId: number): Promise<boolean> {
  await deleteRecoveryCodes(transaction, userId);
  const { affectedRows } = await transaction.execute(
    `delete from totp
     where user_id = :userId`,
    { userId },
  );
  return affectedRows > 0;
}

import type { Database } from '../database/database.ts';
import type { Statements } from '../database/statements.ts';
import { addMail, type NewMail } from './mails.ts';
import { type Credentials, lockCredentials } from './users.ts';

/** Reads and writes the table `recovery_code`, which has the hashes of the unused recovery codes. */
export interface RecoveryCodes {
  /** Returns the number of a user's unused codes. */
  countCodes(userId: number): Promise<number>;
  /**
   * Replaces all codes of a user, and stores a mail.
   * @throws AppError `conflict` if the user's password is no longer that of these credentials
   */
  replaceCodes(read: Credentials, codeHashes: string[], notice: NewMail | null): Promise<void>;
  /** Deletes a code that a user has entered. Returns false if the user has no such code. */
  useCode(userId: number, codeHash: string): Promise<boolean>;
}

/** Stores the only recovery codes of a user, in the transaction that has locked the user. */
export async function storeRecoveryCodes(
  transaction: Statements,
  userId: number,
  codeHashes: string[],
): Promise<void> {
  await deleteRecoveryCodes(transaction, userId);
  await transaction.execute(
    `insert into recovery_code (user_id, code_hash)
     values :rows`,
    { rows: codeHashes.map((codeHash) => [userId, codeHash]) },
  );
}

/** Deletes all recovery codes of a user, in the transaction that has locked the user. */
export async function deleteRecoveryCodes(transaction: Statements, userId: number): Promise<void> {
  await transaction.execute(
    `delete from recovery_code
     where user_id = :userId`,
    { userId },
  );
}

/** Creates the recovery codes of a database. */
export function createRecoveryCodeRepository(database: Database): RecoveryCodes {
  return {
    async countCodes(userId) {
      const [row] = await database.select<{ total: number }>(
        `select count(*) as total
         from recovery_code
         where user_id = :userId and :isPrimary`,
        { userId },
      );
      return row?.total ?? 0;
    },

    replaceCodes: (read, codeHashes, notice) =>
      database.transact(async (transaction) => {
        await lockCredentials(transaction, read);
        await storeRecoveryCodes(transaction, read.userId, codeHashes);
        await addMail(transaction, notice);
      }),

    async useCode(userId, codeHash) {
      const { affectedRows } = await database.execute(
        `delete from recovery_code
         where user_id = :userId and code_hash = :codeHash`,
        { userId, codeHash },
      );
      return affectedRows > 0;
    },
  };
}

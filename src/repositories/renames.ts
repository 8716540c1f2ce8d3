import { setTimeout as sleep } from 'node:timers/promises';
import { shareReads } from '../database/batches.ts';
import type { Database } from '../database/database.ts';
import { isDuplicateKey } from '../database/query-errors.ts';
import type { Statements } from '../database/statements.ts';
import { AppError } from '../errors/app-error.ts';
import { skeleton } from '../names/skeleton.ts';
import { type Decision, recordDecision } from './audit.ts';
import { claimName, type NamedUser, retireName } from './taken-names.ts';

/** Renames users, and lets caches know that names have changed. */
export interface Renames {
  /**
   * Gives a user another name, which the caller has validated. The former name is blocked for 90 days, and the decision
   * is recorded. Resolves about a second later, when no instance shows the former name.
   * @throws AppError `conflict` if the new name is taken or resembles one that is taken, `not_found` if the user does
   *   not exist
   */
  rename(userId: number, newName: string, decision: Pick<Decision, 'actor'>): Promise<void>;
  /**
   * Returns a number that increases with each rename. A name that was read from the database after an equal number is still shown
   * correctly. The number was read at most a second before, and `rename` waits for longer than that.
   */
  countRenames(): Promise<number>;
  /** Returns the result of `countRenames` if it needs no query, and otherwise null. */
  leasedCount(): number | null;
}

const LEASE_MS = 1000;
// The monotonic clocks of two machines may differ a little in their speed.
const LEASE_END_MS = 1.1 * LEASE_MS;

const COUNT_RENAME = 'update rename_count set total = total + 1';

/** Creates the renames of a database. */
export function createRenames(database: Database): Renames {
  const readTotal = shareReads(async () => {
    // The lease begins before the query, because the number may change while its response is on the way.
    const readAtMs = performance.now();
    const [row] = await database.writer.select<{ total: number }>(
      'select total from rename_count where :isPrimary',
    );
    return { total: row?.total ?? 0, readAtMs };
  });
  let lease = { total: 0, readAtMs: -Infinity };
  const leasedCount = () => (performance.now() - lease.readAtMs < LEASE_MS ? lease.total : null);

  return {
    async rename(userId, newName, { actor }) {
      await database.transact(async (transaction) => {
        const username = await changeName(transaction, userId, newName);
        if (skeleton(username) !== skeleton(newName)) {
          await retireName(transaction, { userId, username });
          await claimName(transaction, { userId, username: newName });
        }
        await recordDecision(transaction, {
          actor,
          action: 'rename',
          userId,
          username,
          messageId: null,
          reason: `New name: ${newName}`,
        });
        await transaction.execute(COUNT_RENAME);
      });
      // A server shows the rows of a transaction shortly before its GTID, so the first number may be known to an instance
      // that a replica still answers with the former name. The second number is stored after the GTID.
      await database.execute(COUNT_RENAME);
      await sleep(LEASE_END_MS);
    },

    leasedCount,
    async countRenames() {
      if (leasedCount() === null) lease = await readTotal();
      return lease.total;
    },
  };
}

/** Changes a user's name, and returns the former one. Locks the user. */
async function changeName(
  transaction: Statements,
  userId: number,
  newName: string,
): Promise<string> {
  const [user] = await transaction.select<NamedUser>(
    `select user_id as userId, username
     from user
     where user_id = :userId
     for update`,
    { userId },
  );
  if (!user) throw new AppError('not_found', 'This user does not exist any more.');
  try {
    await transaction.execute(
      `update user
       set username = :newName
       where user_id = :userId`,
      { userId, newName },
    );
  } catch (error) {
    if (isDuplicateKey(error)) throw new AppError('conflict', 'The username is already taken');
    throw error;
  }
  return user.username;
}

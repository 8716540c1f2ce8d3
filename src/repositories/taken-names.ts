import type { Database } from '../database/database.ts';
import { isDuplicateKey } from '../database/query-errors.ts';
import type { Statements } from '../database/statements.ts';
import { AppError } from '../errors/app-error.ts';
import { skeleton } from '../names/skeleton.ts';

// The name of a deleted or renamed user cannot be registered for this time, so that no other user gets the links and
// mentions that were meant for the former one.
const BLOCKED_S = 90 * 24 * 60 * 60;

/** A user and the user's name. */
export interface NamedUser {
  userId: number;
  username: string;
}

/** Reads and writes the table `taken_name`: the skeletons of names that cannot be registered. */
export interface TakenNames {
  /** Deletes up to `limit` names of former users that are free by `nowS` (seconds since 1970). Returns their number. */
  deleteFreeNames(nowS: number, limit: number): Promise<number>;
}

/** Creates the taken names of a database. */
export function createTakenNames(database: Database): TakenNames {
  return {
    async deleteFreeNames(nowS, limit) {
      const { affectedRows } = await database.execute(
        `delete from taken_name
         where free_s <= :nowS
         limit :limit`,
        { nowS, limit },
      );
      return affectedRows;
    },
  };
}

/**
 * Stores a user's name as taken, in the transaction that gives it to the user.
 * @throws AppError `conflict` if it resembles a taken name. The transaction must roll back then.
 */
export async function claimName(
  transaction: Statements,
  { userId, username }: NamedUser,
): Promise<void> {
  try {
    await transaction.execute(
      `insert into taken_name (skeleton, user_id)
       values (:skeleton, :userId)`,
      { skeleton: skeleton(username), userId },
    );
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    throw new AppError(
      'conflict',
      'This username resembles one that is taken. Choose another one.',
    );
  }
}

/** Blocks a user's name for 90 days, in the transaction that deletes or renames the user. The caller locks the user. */
export async function retireName(
  transaction: Statements,
  { userId, username }: NamedUser,
): Promise<void> {
  await transaction.execute(
    `update taken_name
     set user_id = null, free_s = unix_timestamp() + :blockedS
     where user_id = :userId`,
    { userId, blockedS: BLOCKED_S },
  );
  // The user may have no row: another user with a name that resembles this one may have it, or no migration has
  // created it yet.
  await transaction.execute(
    `insert ignore into taken_name (skeleton, free_s)
     values (:skeleton, unix_timestamp() + :blockedS)`,
    { skeleton: skeleton(username), blockedS: BLOCKED_S },
  );
}

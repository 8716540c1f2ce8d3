import type { Connection, RowDataPacket } from 'mysql2/promise';
import { OperatorError } from '../errors/operator-error.ts';

/**
 * Acquires a lock of the database server. The server releases it at the end of the connection.
 * @param name identifies the lock on the whole server, in any length
 * @param work what the holder of the lock does, for the message: `changing the tables`
 * @throws OperatorError if another connection holds the lock for longer than `waitMaxMs`
 */
export async function acquireNamedLock(
  connection: Connection,
  { name, work, waitMaxMs }: { name: string; work: string; waitMaxMs: number },
): Promise<void> {
  // The server's limit is 64 characters. MySQL 9.7 has neither sha1 nor md5.
  const [rows] = await connection.query<RowDataPacket[]>(
    'select get_lock(sha2(:name, 224), :waitMaxS) as isAcquired',
    { name, waitMaxS: waitMaxMs / 1000 },
  );
  if (rows[0]?.isAcquired !== 1) {
    throw new OperatorError(
      `Another process has been ${work} for more than ${waitMaxMs / 1000} s. Wait until it has ended, then try again.`,
    );
  }
}

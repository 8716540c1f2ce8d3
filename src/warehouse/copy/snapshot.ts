import type { CopyEndpoint } from './endpoint.ts';

/** Starts a transaction with a consistent snapshot, and returns its time: the server's, in seconds since 1970. */
export async function beginSnapshot(source: CopyEndpoint): Promise<number> {
  await source.write('start transaction with consistent snapshot, read only');
  const [now] = await source.read<{ asOfS: number }>('select unix_timestamp() as asOfS');
  await source.write('savepoint before_read');
  return now?.asOfS ?? 0;
}

/**
 * Releases the locks on the definitions of all tables that the snapshot has read. The snapshot continues. A waiting
 * `alter table` blocks every new query on its table, so the locks are released after each statement that may take long.
 */
export async function releaseTables(source: CopyEndpoint): Promise<void> {
  await source.write('rollback to savepoint before_read');
}

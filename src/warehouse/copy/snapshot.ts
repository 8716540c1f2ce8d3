import type { CopyEndpoint } from './endpoint.ts';

const RELEASE = 'rollback to savepoint before_read';

/** A consistent snapshot of the source. */
export interface Snapshot {
  /**
   * Reads the snapshot. After each statement, it releases the lock on the definition of the table: a waiting `alter table`
   * blocks every new query on its table.
   */
  source: CopyEndpoint;
  /** The time of the snapshot: the server's, in seconds since 1970. */
  asOfS: number;
}

/** Starts a transaction with a consistent snapshot on a connection that has no other use. */
export async function beginSnapshot(source: CopyEndpoint): Promise<Snapshot> {
  await source.write('start transaction with consistent snapshot, read only');
  const [now] = await source.read<{ asOfS: number }>('select unix_timestamp() as asOfS');
  await source.write('savepoint before_read');
  return { source: releaseAfterReads(source), asOfS: now?.asOfS ?? 0 };
}

function releaseAfterReads(source: CopyEndpoint): CopyEndpoint {
  return {
    ...source,

    async read(sql, values) {
      // The driver sends the second statement after the response to the first one.
      const [rows] = await Promise.all([source.read<never>(sql, values), source.write(RELEASE)]);
      return rows;
    },

    async *readBatches(sql, values, rowsMax) {
      const batches = source.readBatches(sql, values, rowsMax);
      // The statement is sent here, so no other one is between it and the release.
      const first = batches.next();
      const released = source.write(RELEASE);
      // The error of the rows is thrown first.
      released.catch(() => undefined);
      try {
        const { done, value } = await first;
        if (!done) yield value;
        yield* batches;
      } finally {
        // If the caller needs no further rows, the source does not wait for it.
        await batches.return(undefined);
      }
      await released;
    },
  };
}

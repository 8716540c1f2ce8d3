import type { DuckDBConnection } from '@duckdb/node-api';

/**
 * Calls `work`. When the signal is aborted, the statement that DuckDB executes is interrupted.
 * @throws the signal's reason if it is aborted, otherwise the error of `work`
 */
export async function interruptible<T>(
  duckdb: DuckDBConnection,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  const interrupt = () => duckdb.interrupt();
  signal.throwIfAborted();
  signal.addEventListener('abort', interrupt);
  try {
    return await work();
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', interrupt);
  }
}

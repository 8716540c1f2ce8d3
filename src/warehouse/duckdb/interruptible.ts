import type { DuckDBConnection } from '@duckdb/node-api';

const INTERRUPT_EVERY_MS = 50;

/**
 * Calls `work`. When the signal is aborted, each statement that DuckDB executes is interrupted, until `work` ends.
 * @throws the signal's reason if it is aborted, otherwise the error of `work`
 */
export async function interruptible<T>(
  duckdb: DuckDBConnection,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const interrupt = () => {
    duckdb.interrupt();
    // An interruption between two statements has no effect on the second one.
    timer = setInterval(() => duckdb.interrupt(), INTERRUPT_EVERY_MS);
  };
  signal.throwIfAborted();
  signal.addEventListener('abort', interrupt);
  try {
    return await work();
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', interrupt);
    clearInterval(timer);
  }
}

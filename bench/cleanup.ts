const cleanups = new AsyncDisposableStack();
const shutdown = new AbortController();
let running: Promise<void> | null = null;

/** Aborted by SIGINT and SIGTERM. */
export const shutdownSignal: AbortSignal = shutdown.signal;

/**
 * Registers a cleanup. `runCleanups` runs all of them, the last one first.
 * @throws Error if the cleanups run already; this one is then run at once
 */
export async function deferCleanup(cleanup: () => Promise<void>): Promise<void> {
  if (running) {
    await cleanup();
    throw new Error('The benchmark is stopping.');
  }
  cleanups.defer(cleanup);
}

/** Runs all cleanups once. Further calls wait for the same run. */
export function runCleanups(): Promise<void> {
  running ??= cleanups.disposeAsync();
  return running;
}

/** Aborts `shutdownSignal` and runs all cleanups at SIGINT and SIGTERM. Work in progress then fails. */
export function stopOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      console.error('Stopping …');
      process.exitCode = 130;
      shutdown.abort();
      runCleanups().catch((error: unknown) => console.error(error));
    });
  }
}

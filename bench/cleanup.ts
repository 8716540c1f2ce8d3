import { runProgram } from '../src/cli/program.ts';

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

/**
 * Runs a benchmark as a program, then all cleanups, also after SIGINT and SIGTERM. Prints an error, and ends the process
 * with the status 1 then.
 */
export async function runBench(measure: () => Promise<void>): Promise<never> {
  stopOnSignals();
  await runProgram(async () => {
    try {
      await measure();
    } catch (error) {
      // After a signal, work in progress fails. These errors are expected.
      if (!shutdownSignal.aborted) throw error;
    } finally {
      await runCleanups();
    }
  });
  process.exit();
}

/** Runs all cleanups once. Further calls wait for the same run. */
function runCleanups(): Promise<void> {
  running ??= cleanups.disposeAsync();
  return running;
}

/** Aborts `shutdownSignal` and runs all cleanups at SIGINT and SIGTERM. Work in progress then fails. */
function stopOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      console.error('Stopping …');
      process.exitCode = 130;
      shutdown.abort();
      runCleanups().catch((error: unknown) => console.error(error));
    });
  }
}

const started = new AsyncDisposableStack();
const stopping = new AbortController();
let ending: Promise<void> | null = null;

/** Is aborted when somebody wants the bench to stop. */
export const stopAsked: AbortSignal = stopping.signal;

/** Keeps how to stop what was started; at the end, all of it is stopped, the last first. */
export async function atEnd(stop: () => Promise<void>): Promise<void> {
  if (ending) {
    await stop();
    throw new Error('The bench is over.');
  }
  started.defer(stop);
}

/** Stops everything; who asks again waits for the same end. */
export function end(): Promise<void> {
  ending ??= started.disposeAsync();
  return ending;
}

/** On Ctrl-C, stops everything under the hands of whoever works with it: that then fails, and is over. */
export function endOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      console.error('Stopping …');
      process.exitCode = 130;
      stopping.abort();
      end().catch((error: unknown) => console.error(error));
    });
  }
}

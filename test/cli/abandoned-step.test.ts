import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createCommandContext, DEFAULT_TIMING } from '../../src/cli/command-context.ts';
import { createMemoryJournal, runSteps } from '../../src/cli/steps.ts';
import { OperatorError } from '../../src/errors/operator-error.ts';

const STOPPED = new OperatorError('Stopped by SIGINT.');

/** Runs one step, whose signal is aborted when it starts. */
async function runStopped(work: () => Promise<void>, stopTimeoutMs: number): Promise<void> {
  const stop = new AbortController();
  const run = async () => {
    stop.abort(STOPPED);
    await work();
  };
  const { signal } = stop;
  await runSteps([{ name: 'a', run }], {
    ...createCommandContext({
      print: () => undefined,
      signal,
      timing: { ...DEFAULT_TIMING, stopTimeoutMs },
    }),
    journal: createMemoryJournal(),
  });
}

test('a step that ends in time after the signal is not abandoned', async () => {
  let hasEnded = false;
  const stopped = runStopped(async () => {
    await sleep(20);
    hasEnded = true;
  }, 60_000);
  await expect(stopped).rejects.toBe(STOPPED);
  expect(hasEnded).toBe(true);
});

test('a step that is abandoned, and fails later, does not fail the process', async () => {
  const { promise, reject } = Promise.withResolvers<void>();
  await expect(runStopped(() => promise, 1)).rejects.toBe(STOPPED);
  // An unhandled rejection would fail the test run.
  reject(new Error('too late'));
  await setImmediate();
});

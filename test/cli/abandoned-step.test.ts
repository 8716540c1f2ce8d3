import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createMemoryJournal, runSteps } from '../../src/cli/steps.ts';
import { OperatorError } from '../../src/errors/operator-error.ts';

const STOPPED = new OperatorError('Stopped by SIGINT.');

/** Runs one step, which is stopped at its beginning. */
async function runStopped(work: () => Promise<void>, stopMaxMs: number): Promise<void> {
  const stop = new AbortController();
  const run = async () => {
    stop.abort(STOPPED);
    await work();
  };
  const course = { journal: createMemoryJournal(), tell: () => undefined };
  const { signal } = stop;
  await runSteps([{ name: 'a', run }], {}, { ...course, signal, pace: { stopMaxMs } });
}

test('a step that ends in time after the signal is waited for', async () => {
  let isOver = false;
  const stopped = runStopped(async () => {
    await sleep(20);
    isOver = true;
  }, 60_000);
  await expect(stopped).rejects.toBe(STOPPED);
  expect(isOver).toBe(true);
});

test('a step that is abandoned, and fails later, does not fail the process', async () => {
  const { promise, reject } = Promise.withResolvers<void>();
  await expect(runStopped(() => promise, 1)).rejects.toBe(STOPPED);
  // An unhandled rejection would fail the test run.
  reject(new Error('too late'));
  await sleep(1);
});

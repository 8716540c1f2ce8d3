import { once } from 'node:events';
import { expect, test } from 'vitest';
import { runServerWithRestarts } from '../../src/dev/supervise.ts';

test('stops the server when the source cannot be watched', async () => {
  const stopping = new AbortController();
  const server = {
    ended: once(stopping.signal, 'abort').then(() => 0),
    stop: () => stopping.abort(),
  };
  const problem = new Error('too many folders');
  const running = runServerWithRestarts(
    () => server,
    () => Promise.reject(problem),
    new AbortController().signal,
  );
  await expect(running).rejects.toBe(problem);
  expect(stopping.signal.aborted).toBe(true);
});

import { expect, test } from 'vitest';
import { poll } from '../../src/cli/poll.ts';
import { OperatorError } from '../../src/errors/operator-error.ts';

const never = new AbortController().signal;

test('polling reports each state once, and returns the value', async () => {
  const states = ['pending', 'pending', 'running'];
  const reported: string[] = [];
  const request = async () => {
    const state = states.shift();
    return state ? { pending: state } : { done: 42 };
  };
  const options = {
    timeoutMs: 1000,
    firstPauseMs: 1,
    signal: never,
    onPoll: (it: string) => reported.push(it),
  };
  expect(await poll('It', request, options)).toBe(42);
  expect(reported).toEqual(['It: pending', 'It: running']);
});

test('polling ends with the last state after the timeout, and with the reason of the signal once it is aborted', async () => {
  const request = async () => ({ pending: 'pending' });
  const options = { firstPauseMs: 1, onPoll: () => undefined };
  const timedOut = poll('It', request, { ...options, timeoutMs: 10, signal: never });
  await expect(timedOut).rejects.toThrow('It: still pending after 0 s.');

  const stopping = new AbortController();
  const stopped = new OperatorError('Stopped.');
  const onPoll = () => stopping.abort(stopped);
  const pauseOptions = { timeoutMs: 60_000, firstPauseMs: 60_000, signal: stopping.signal, onPoll };
  await expect(poll('It', request, pauseOptions)).rejects.toBe(stopped);
});

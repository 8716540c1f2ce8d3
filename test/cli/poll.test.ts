import { expect, test } from 'vitest';
import { poll } from '../../src/cli/poll.ts';
import { OperatorError } from '../../src/errors/operator-error.ts';

const never = new AbortController().signal;

test('a wait reports each state once, and returns the result', async () => {
  const states = ['pending', 'pending', 'running'];
  const said: string[] = [];
  const look = async () => {
    const state = states.shift();
    return state ? { pending: state } : { done: 42 };
  };
  const waiting = {
    timeoutMs: 1000,
    firstPauseMs: 1,
    signal: never,
    onPoll: (it: string) => said.push(it),
  };
  expect(await poll('It', look, waiting)).toBe(42);
  expect(said).toEqual(['It: pending', 'It: running']);
});

test('a wait ends with what was seen last, or with the reason to stop', async () => {
  const look = async () => ({ pending: 'pending' });
  const waiting = { firstPauseMs: 1, onPoll: () => undefined };
  const late = poll('It', look, { ...waiting, timeoutMs: 10, signal: never });
  await expect(late).rejects.toThrow('It: still pending after 0 s.');

  const stopping = new AbortController();
  const stopped = new OperatorError('Stopped.');
  const onPoll = () => stopping.abort(stopped);
  const pausing = { timeoutMs: 60_000, firstPauseMs: 60_000, signal: stopping.signal, onPoll };
  await expect(poll('It', look, pausing)).rejects.toBe(stopped);
});

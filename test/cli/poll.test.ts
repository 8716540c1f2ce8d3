import { expect, test } from 'vitest';
import { waitFor } from '../../src/cli/poll.ts';
import { OperatorError } from '../../src/errors/operator-error.ts';

const never = new AbortController().signal;

test('a wait says each state once, and gives the answer', async () => {
  const states = ['pending', 'pending', 'running'];
  const said: string[] = [];
  const look = async () => {
    const state = states.shift();
    return state ? { state } : { answer: 42 };
  };
  const waiting = {
    maxMs: 1000,
    firstPauseMs: 1,
    signal: never,
    onLook: (it: string) => said.push(it),
  };
  expect(await waitFor('It', look, waiting)).toBe(42);
  expect(said).toEqual(['It: pending', 'It: running']);
});

test('a wait ends with what was seen last, or with the reason to stop', async () => {
  const look = async () => ({ state: 'pending' });
  const waiting = { firstPauseMs: 1, onLook: () => undefined };
  const late = waitFor('It', look, { ...waiting, maxMs: 10, signal: never });
  await expect(late).rejects.toThrow('It: still pending after 0 s.');

  const stopping = new AbortController();
  const stopped = new OperatorError('Stopped.');
  const onLook = () => stopping.abort(stopped);
  const pausing = { maxMs: 60_000, firstPauseMs: 60_000, signal: stopping.signal, onLook };
  await expect(waitFor('It', look, pausing)).rejects.toBe(stopped);
});

import { expect, test } from 'vitest';
import { createTurns } from '../../src/database/turns.ts';

test('works begin in their order, each when the one before it has ended, also if that fails', async () => {
  const inTurn = createTurns(60_000);
  const log: string[] = [];
  const work = (name: string, isFailing: boolean) => async () => {
    log.push(`begin ${name}`);
    await new Promise(setImmediate);
    log.push(`end ${name}`);
    if (isFailing) throw new Error(`${name} failed`);
    return name;
  };
  const results = await Promise.allSettled([
    inTurn(work('a', false)),
    inTurn(work('b', true)),
    inTurn(work('c', false)),
  ]);
  expect(log).toEqual(['begin a', 'end a', 'begin b', 'end b', 'begin c', 'end c']);
  expect(results).toMatchObject([
    { value: 'a' },
    { reason: { message: 'b failed' } },
    { value: 'c' },
  ]);
});

test('a work that hangs lets the next begin, and can still end', async () => {
  const inTurn = createTurns(10);
  const hanging = Promise.withResolvers<string>();
  const first = inTurn(() => hanging.promise);
  expect(await inTurn(() => Promise.resolve('next'))).toBe('next');
  hanging.resolve('late');
  expect(await first).toBe('late');
});

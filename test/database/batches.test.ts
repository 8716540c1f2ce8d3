import { expect, test } from 'vitest';
import { batchReads, batchWrites } from '../../src/database/batches.ts';

/** Reads that end when they are told to, in the order in which they were sent. */
function useReads() {
  const sent: { wanted: string[]; end: (time: string) => void; fail: () => void }[] = [];
  const read = batchReads(
    (wanted: string[]) =>
      new Promise<string[]>((resolve, reject) => {
        const end = (time: string) => resolve(wanted.map((each) => `${each} at ${time}`));
        sent.push({ wanted, end, fail: () => reject(new Error('failed')) });
      }),
  );
  return { read, sent };
}

const nextTurn = () => new Promise(setImmediate);

test('what is wanted at the same time is sent at once, and the same but once', async () => {
  const { read, sent } = useReads();
  const results = Promise.all([read('a'), read('b'), read('a')]);
  await nextTurn();
  expect(sent.map(({ wanted }) => wanted)).toEqual([['a', 'b']]);
  sent[0]?.end('1');
  expect(await results).toEqual(['a at 1', 'b at 1', 'a at 1']);
});

test('who comes while one is on its way waits for the next, which is sent after all of them came', async () => {
  const { read, sent } = useReads();
  const first = read('a');
  await nextTurn();
  const later = [read('a'), read('b'), read('a')];
  await nextTurn();
  expect(sent).toHaveLength(1);
  sent[0]?.end('1');
  expect(await first).toBe('a at 1');
  await nextTurn();
  expect(sent[1]?.wanted).toEqual(['a', 'b']);
  const last = read('a');
  sent[1]?.end('2');
  expect(await Promise.all(later)).toEqual(['a at 2', 'b at 2', 'a at 2']);
  await nextTurn();
  sent[2]?.end('3');
  expect(await last).toBe('a at 3');
});

test('one that takes long does not hold the others', async () => {
  const { read, sent } = useReads();
  const slow = read('slow');
  await nextTurn();
  const quick = read('quick');
  await expect.poll(() => sent.length).toBe(2);
  sent[1]?.end('1');
  expect(await quick).toBe('quick at 1');
  sent[0]?.end('2');
  expect(await slow).toBe('slow at 2');
});

test('a read that fails fails those who are in it, and nobody else', async () => {
  const { read, sent } = useReads();
  const first = [read('a'), read('b')];
  await nextTurn();
  const later = read('a');
  sent[0]?.fail();
  for (const { status } of await Promise.allSettled(first)) expect(status).toBe('rejected');
  await nextTurn();
  sent[1]?.end('1');
  expect(await later).toBe('a at 1');
});

test('objects that say the same are the same wish', async () => {
  const read = batchReads(async (wanted: ({ page: number } | null)[]) =>
    wanted.map((each) => [wanted.length, each?.page ?? 'none']),
  );
  expect(await Promise.all([read({ page: 1 }), read(null), read({ page: 1 })])).toEqual([
    [2, 1],
    [2, 'none'],
    [2, 1],
  ]);
});

test('of what is not only read, the same is done for each who wants it', async () => {
  const sent: string[][] = [];
  const write = batchWrites(async (wanted: string[]) => {
    sent.push(wanted);
    return wanted.map((_, index) => index);
  });
  expect(await Promise.all([write('a'), write('b'), write('a')])).toEqual([0, 1, 2]);
  expect(sent).toEqual([['a', 'b', 'a']]);
});

import { expect, test } from 'vitest';
import { batchReads, batchWrites, shareReads } from '../../src/database/batches.ts';

/** Returns a batched read, and the batches that were sent, which the test resolves or rejects. */
function createReads() {
  const sent: { keys: string[]; end: (time: string) => void; fail: () => void }[] = [];
  const read = batchReads(
    (keys: string[]) =>
      new Promise<string[]>((resolve, reject) => {
        const end = (time: string) => resolve(keys.map((key) => `${key} at ${time}`));
        sent.push({ keys, end, fail: () => reject(new Error('failed')) });
      }),
  );
  return { read, sent };
}

const nextTurn = () => new Promise(setImmediate);

test('concurrent reads are sent as one batch, and equal keys once', async () => {
  const { read, sent } = createReads();
  const results = Promise.all([read('a'), read('b'), read('a')]);
  await nextTurn();
  expect(sent.map(({ keys }) => keys)).toEqual([['a', 'b']]);
  sent[0]?.end('1');
  expect(await results).toEqual(['a at 1', 'b at 1', 'a at 1']);
});

test('a read joins the next batch while one is on its way', async () => {
  const { read, sent } = createReads();
  const first = read('a');
  await nextTurn();
  const later = [read('a'), read('b'), read('a')];
  await nextTurn();
  expect(sent).toHaveLength(1);
  sent[0]?.end('1');
  expect(await first).toBe('a at 1');
  await nextTurn();
  expect(sent[1]?.keys).toEqual(['a', 'b']);
  const last = read('a');
  sent[1]?.end('2');
  expect(await Promise.all(later)).toEqual(['a at 2', 'b at 2', 'a at 2']);
  await nextTurn();
  sent[2]?.end('3');
  expect(await last).toBe('a at 3');
});

test('a slow batch does not delay the next one for long', async () => {
  const { read, sent } = createReads();
  const slow = read('slow');
  await nextTurn();
  const quick = read('quick');
  await expect.poll(() => sent.length).toBe(2);
  sent[1]?.end('1');
  expect(await quick).toBe('quick at 1');
  sent[0]?.end('2');
  expect(await slow).toBe('slow at 2');
});

test('a failed batch rejects its own reads only', async () => {
  const { read, sent } = createReads();
  const first = [read('a'), read('b')];
  await nextTurn();
  const later = read('a');
  sent[0]?.fail();
  for (const { status } of await Promise.allSettled(first)) expect(status).toBe('rejected');
  await nextTurn();
  sent[1]?.end('1');
  expect(await later).toBe('a at 1');
});

test('objects with equal contents are equal keys', async () => {
  const read = batchReads(async (keys: ({ page: number } | null)[]) =>
    keys.map((key) => [keys.length, key?.page ?? 'none']),
  );
  expect(await Promise.all([read({ page: 1 }), read(null), read({ page: 1 })])).toEqual([
    [2, 1],
    [2, 'none'],
    [2, 1],
  ]);
});

test('equal writes are all sent', async () => {
  const sent: string[][] = [];
  const write = batchWrites(async (keys: string[]) => {
    sent.push(keys);
    return keys.map((_, index) => index);
  });
  expect(await Promise.all([write('a'), write('b'), write('a')])).toEqual([0, 1, 2]);
  expect(sent).toEqual([['a', 'b', 'a']]);
});

/** Returns a shared read, and the reads that were started, which the test resolves or rejects. */
function createSharedReads() {
  const started: { end: (text: string) => void; fail: () => void }[] = [];
  const read = shareReads(
    () =>
      new Promise<string>((resolve, reject) => {
        started.push({ end: resolve, fail: () => reject(new Error('failed')) });
      }),
  );
  return { read, started };
}

test('concurrent calls share a read, but join none that has started', async () => {
  const { read, started } = createSharedReads();
  const first = [read(), read()];
  await expect.poll(() => started.length).toBe(1);
  const later = [read(), read()];
  started[0]?.end('first');
  expect(await Promise.all(first)).toEqual(['first', 'first']);
  await expect.poll(() => started.length).toBe(2);
  started[1]?.end('later');
  expect(await Promise.all(later)).toEqual(['later', 'later']);
});

test('the next shared read has the calls that follow from the result of the last one', async () => {
  const { read, started } = createSharedReads();
  const first = read();
  await expect.poll(() => started.length).toBe(1);
  const waiting = read();
  const following = first.then(async () => {
    // A route takes some turns of promises until it reads again.
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    return read();
  });
  started[0]?.end('first');
  await expect.poll(() => started.length).toBe(2);
  started[1]?.end('second');
  expect(await waiting).toBe('second');
  expect(started).toHaveLength(2);
  expect(await following).toBe('second');
});

test('a shared read that fails or hangs does not affect the next one', async () => {
  const { read, started } = createSharedReads();
  const failed = read();
  await expect.poll(() => started.length).toBe(1);
  const hanging = read();
  started[0]?.fail();
  await expect(failed).rejects.toThrow('failed');
  await expect.poll(() => started.length).toBe(2);
  const next = read();
  await expect.poll(() => started.length).toBe(3);
  started[2]?.end('next');
  expect(await next).toBe('next');
  started[1]?.end('hanging');
  expect(await hanging).toBe('hanging');
});

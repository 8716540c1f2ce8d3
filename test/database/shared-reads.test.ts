import { expect, test } from 'vitest';
import { shareReads } from '../../src/database/shared-reads.ts';

/** Reads that end when they are told to, in the order in which they began. */
function useReads() {
  const begun: { key: string; end: (result: string) => void; fail: () => void }[] = [];
  const read = shareReads(
    (key: string) =>
      new Promise<string>((resolve, reject) => {
        begun.push({ key, end: resolve, fail: () => reject(new Error('failed')) });
      }),
  );
  return { read, begun };
}

test('who comes while one is on its way waits for the next, which begins after all of them came', async () => {
  const { read, begun } = useReads();
  const first = read('a');
  const later = [read('a'), read('a')];
  expect(begun).toHaveLength(1);
  begun[0]?.end('old');
  expect(await first).toBe('old');
  await new Promise(setImmediate);
  expect(begun).toHaveLength(2);
  begun[1]?.end('new');
  expect(await Promise.all(later)).toEqual(['new', 'new']);
  expect(begun).toHaveLength(2);
});

test('who comes when the next has begun waits for the one after it', async () => {
  const { read, begun } = useReads();
  const all = [read('a'), read('a')];
  begun[0]?.end('1');
  await new Promise(setImmediate);
  all.push(read('a'));
  begun[1]?.end('2');
  await new Promise(setImmediate);
  begun[2]?.end('3');
  expect(await Promise.all(all)).toEqual(['1', '2', '3']);
});

test('different things are read at the same time', () => {
  const { read, begun } = useReads();
  void read('a');
  void read('b');
  expect(begun.map(({ key }) => key)).toEqual(['a', 'b']);
});

test('a read that fails fails those who share it, and nobody else', async () => {
  const { read, begun } = useReads();
  const first = read('a');
  const later = [read('a'), read('a')];
  begun[0]?.fail();
  await expect(first).rejects.toThrow('failed');
  await new Promise(setImmediate);
  begun[1]?.end('fine');
  expect(await Promise.all(later)).toEqual(['fine', 'fine']);
});

test('nothing is kept when the last read has ended', async () => {
  const { read, begun } = useReads();
  const first = read('a');
  begun[0]?.end('1');
  await first;
  await new Promise(setImmediate);
  const second = read('a');
  expect(begun).toHaveLength(2);
  begun[1]?.end('2');
  expect(await second).toBe('2');
});

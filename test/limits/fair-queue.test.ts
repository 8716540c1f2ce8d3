import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import {
  createFairQueue,
  type FairQueueOptions,
  type Release,
} from '../../src/limits/fair-queue.ts';

const OPTIONS: FairQueueOptions = {
  maxConcurrent: 2,
  maxConcurrentPerClient: 2,
  maxQueued: 4,
  maxQueuedPerClient: 3,
  waitMaxMs: 1000,
  rejectionMessage: 'Too many.',
};

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Records the tasks that got a place, and lets the test end them. */
function setUp(options: Partial<FairQueueOptions> = {}) {
  const queue = createFairQueue({ ...OPTIONS, ...options });
  const started: string[] = [];
  const releases = new Map<string, Release>();
  /** A task is named for its client: `alice 1`. */
  const add = async (task: string) => {
    const release = await queue.acquire(task.split(' ', 1)[0] ?? '');
    started.push(task);
    releases.set(task, release);
  };
  const end = async (task: string) => {
    releases.get(task)?.();
    releases.delete(task);
    // Lets the task that got the place start.
    await vi.advanceTimersByTimeAsync(0);
  };
  return { queue, started, add, end };
}

const refused = { code: 'unavailable', message: 'Too many.' };

test('tasks start at once while there are places', async () => {
  const { add, started, queue } = setUp();
  await Promise.all([add('alice 1'), add('alice 2')]);
  expect(started).toEqual(['alice 1', 'alice 2']);
  expect(queue.queued()).toBe(0);
});

test('clients get free places in turn, however many tasks one of them has in the queue', async () => {
  const { add, end, started } = setUp({ maxConcurrent: 1 });
  const all = ['alice 1', 'alice 2', 'alice 3', 'bob 1', 'bob 2'].map(add);
  await all[0];
  for (const task of ['alice 1', 'alice 2', 'bob 1', 'alice 3']) await end(task);
  expect(started).toEqual(['alice 1', 'alice 2', 'bob 1', 'alice 3', 'bob 2']);
});

test('a client that has its share waits, and another does not wait for it', async () => {
  const { add, end, started, queue } = setUp({ maxConcurrentPerClient: 1 });
  await add('alice 1');
  void add('alice 2');
  await add('bob 1');
  expect(started).toEqual(['alice 1', 'bob 1']);
  await end('bob 1');
  expect(started).toEqual(['alice 1', 'bob 1']);
  expect(queue.queued()).toBe(1);
  await end('alice 1');
  expect(started).toEqual(['alice 1', 'bob 1', 'alice 2']);
});

test('a place that is released twice is free once', async () => {
  const { queue } = setUp({ maxConcurrent: 1 });
  const release = await queue.acquire('alice');
  release();
  release();
  await queue.acquire('alice');
  void queue.acquire('bob').catch(() => undefined);
  expect(queue.queued()).toBe(1);
});

test('a task is refused where too many of its client wait', async () => {
  const { add } = setUp({ maxConcurrent: 1 });
  await add('alice 1');
  for (const task of ['alice 2', 'alice 3', 'alice 4']) void add(task);
  await expect(add('alice 5')).rejects.toMatchObject(refused);
});

test('where too many tasks wait, the newest of the client with the most makes room for another client', async () => {
  const { add, end, started, queue } = setUp({ maxConcurrent: 1, maxQueued: 3 });
  await add('alice 1');
  const newest = ['alice 2', 'alice 3', 'alice 4'].map(add).at(-1);
  const bob = add('bob 1');
  await expect(newest).rejects.toMatchObject(refused);
  expect(queue.queued()).toBe(3);
  // Alice has two tasks left: a second one of bob's has no better claim.
  await expect(add('bob 2')).rejects.toMatchObject(refused);
  await end('alice 1');
  await end('alice 2');
  await bob;
  expect(started).toEqual(['alice 1', 'alice 2', 'bob 1']);
});

test('a task that waited too long is refused and leaves the queue', async () => {
  const { add, end, started, queue } = setUp({ maxConcurrent: 1 });
  await add('alice 1');
  const late = add('bob 1').catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(999);
  void add('bob 2');
  await vi.advanceTimersByTimeAsync(1);
  expect(await late).toMatchObject(refused);
  expect(queue.queued()).toBe(1);
  await end('alice 1');
  expect(started).toEqual(['alice 1', 'bob 2']);
});

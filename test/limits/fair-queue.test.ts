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

/** Records the tasks that have started, and lets the test end them. */
function setUp(options: Partial<FairQueueOptions> = {}) {
  const queue = createFairQueue({ ...OPTIONS, ...options });
  const started: string[] = [];
  const releases = new Map<string, Release>();
  /** The name of a task begins with its client: `alice 1`. */
  const add = async (task: string) => {
    const release = await queue.acquire(task.split(' ', 1)[0] ?? '');
    started.push(task);
    releases.set(task, release);
  };
  const end = async (task: string) => {
    releases.get(task)?.();
    releases.delete(task);
    // Lets the next task start.
    await vi.advanceTimersByTimeAsync(0);
  };
  return { queue, started, add, end };
}

const rejected = { code: 'unavailable', message: 'Too many.' };

test('starts a task immediately while fewer than maxConcurrent run', async () => {
  const { add, started, queue } = setUp();
  await Promise.all([add('alice 1'), add('alice 2')]);
  expect(started).toEqual(['alice 1', 'alice 2']);
  expect(queue.queued()).toBe(0);
});

test('starts a task of each client in turn, although one client has more in the queue', async () => {
  const { add, end, started } = setUp({ maxConcurrent: 1 });
  const all = ['alice 1', 'alice 2', 'alice 3', 'bob 1', 'bob 2'].map(add);
  await all[0];
  for (const task of ['alice 1', 'alice 2', 'bob 1', 'alice 3']) await end(task);
  expect(started).toEqual(['alice 1', 'alice 2', 'bob 1', 'alice 3', 'bob 2']);
});

test('queues a task of a client beyond maxConcurrentPerClient, without delay for another client', async () => {
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

test('counts a second release of a task only once', async () => {
  const { queue } = setUp({ maxConcurrent: 1 });
  const release = await queue.acquire('alice');
  release();
  release();
  await queue.acquire('alice');
  void queue.acquire('bob').catch(() => undefined);
  expect(queue.queued()).toBe(1);
});

test('rejects a task if the queue of its client is full', async () => {
  const { add } = setUp({ maxConcurrent: 1 });
  await add('alice 1');
  for (const task of ['alice 2', 'alice 3', 'alice 4']) void add(task);
  await expect(add('alice 5')).rejects.toMatchObject(rejected);
});

test('rejects the newest task of the longest queue for a task of another client, if the whole queue is full', async () => {
  const { add, end, started, queue } = setUp({ maxConcurrent: 1, maxQueued: 3 });
  await add('alice 1');
  const newest = ['alice 2', 'alice 3', 'alice 4'].map(add).at(-1);
  const bob = add('bob 1');
  await expect(newest).rejects.toMatchObject(rejected);
  expect(queue.queued()).toBe(3);
  // Alice now has two tasks in the queue, so a second one of bob does not replace any.
  await expect(add('bob 2')).rejects.toMatchObject(rejected);
  await end('alice 1');
  await end('alice 2');
  await bob;
  expect(started).toEqual(['alice 1', 'alice 2', 'bob 1']);
});

test('rejects a task after waitMaxMs and removes it from the queue', async () => {
  const { add, end, started, queue } = setUp({ maxConcurrent: 1 });
  await add('alice 1');
  const late = add('bob 1').catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(999);
  void add('bob 2');
  await vi.advanceTimersByTimeAsync(1);
  expect(await late).toMatchObject(rejected);
  expect(queue.queued()).toBe(1);
  await end('alice 1');
  expect(started).toEqual(['alice 1', 'bob 2']);
});

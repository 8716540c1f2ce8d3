import { setImmediate as nextTurn } from 'node:timers/promises';

// After this time the next batch is sent, even if the connection of the last one hangs.
const READ_BATCH_WAIT_MAX_MS = 20;
// A batch of writes may hold row locks while it waits for others, so further batches could soon use all connections.
const WRITE_BATCH_WAIT_MAX_MS = 1000;

/** A request in a batch that has not been sent. */
interface Pending<Key, Result> {
  key: Key;
  resolve: (result: Result) => void;
  reject: (error: unknown) => void;
}

/**
 * Returns a function that adds a key to the next batch and resolves with its result. While a batch is on its way, the
 * next one collects keys, so that concurrent writes take a few statements instead of a few statements each.
 * @param write resolves with one result for each key, in the same order. If it rejects, all keys of the batch fail
 */
export function batchWrites<Key, Result>(
  write: (keys: Key[]) => Promise<Result[]>,
): (key: Key) => Promise<Result> {
  return batch(WRITE_BATCH_WAIT_MAX_MS, write);
}

/**
 * Returns a function that adds a key to the next batch and resolves with its result. Equal keys of a batch are sent
 * once. A request never joins a batch that has already been sent, so no reader sees data older than its request.
 * @param read resolves with one result for each key, in the same order. Requests with equal keys share the result
 *   object
 */
export function batchReads<Key, Result>(
  read: (keys: Key[]) => Promise<Result[]>,
): (key: Key) => Promise<Result> {
  let results = new Map<string, Promise<Result>>();
  const enqueue = batch(READ_BATCH_WAIT_MAX_MS, (keys: Key[]) => {
    results = new Map();
    return read(keys);
  });

  return (key) => {
    const text = JSON.stringify(key);
    const result = results.get(text) ?? enqueue(key);
    results.set(text, result);
    return result;
  };
}

/**
 * Returns a function that reads what is the same for all callers: concurrent calls share one read. A call never joins a
 * read that has started, so no reader sees data older than its request. All callers of a read get the same object. A
 * read takes as long for many callers as for one, so the next one starts a turn of the event loop after the last one has
 * ended, and all who call until then join.
 */
export function shareReads<Result>(read: () => Promise<Result>): () => Promise<Result> {
  let running: Promise<unknown> | null = null;
  let next: Promise<Result> | null = null;

  async function startNext(): Promise<Result> {
    if (running) await settleWithin(READ_BATCH_WAIT_MAX_MS, running);
    await nextTurn();
    next = null;
    const result = read();
    const ended = Promise.allSettled([result]);
    running = ended;
    try {
      return await result;
    } finally {
      if (running === ended) running = null;
    }
  }

  return () => (next ??= startNext());
}

function batch<Key, Result>(
  waitMaxMs: number,
  send: (keys: Key[]) => Promise<Result[]>,
): (key: Key) => Promise<Result> {
  let pending: Pending<Key, Result>[] = [];
  let isSending = false;

  async function sendAll(): Promise<void> {
    while (pending.length > 0) {
      const sent = pending;
      pending = [];
      await settleWithin(waitMaxMs, sendBatch(sent, send));
    }
    isSending = false;
  }

  return (key) => {
    if (!isSending) {
      isSending = true;
      // All requests of this turn of the event loop join the batch.
      setImmediate(() => void sendAll());
    }
    return new Promise<Result>((resolve, reject) => {
      pending.push({ key, resolve, reject });
    });
  };
}

/** Resolves when a batch is sent, and at the latest after `maxMs`. */
async function settleWithin(maxMs: number, sending: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, maxMs).unref();
  });
  await Promise.race([sending, timeout]);
  clearTimeout(timer);
}

/** Sends a batch, and resolves when the response has arrived. The requests are settled a little later. */
async function sendBatch<Key, Result>(
  batched: Pending<Key, Result>[],
  send: (keys: Key[]) => Promise<Result[]>,
): Promise<void> {
  let settle: () => void;
  try {
    const results = await send(batched.map(({ key }) => key));
    settle = () => batched.forEach(({ resolve }, index) => resolve(results[index] as Result));
  } catch (error) {
    settle = () => batched.forEach(({ reject }) => reject(error));
  }
  // The next batch is sent first, so that the database works while pages are rendered.
  setImmediate(settle);
}

import { setTimeout as sleep } from 'node:timers/promises';

// Behind a batch that takes longer, on a connection that hangs for one, the next does not wait.
const HOLD_READS_MAX_MS = 20;
// Writes wait longer: one that waits for a lock keeps others locked, and more of them would soon have all
// connections wait.
const HOLD_WRITES_MAX_MS = 1000;

/** What somebody wants, and how they are told. */
interface Wish<Wanted, Result> {
  wanted: Wanted;
  resolve: (result: Result) => void;
  reject: (error: unknown) => void;
}

/**
 * Lets what many want at the same time be written at once, in a few statements instead of a few for each. Who
 * comes while a batch is on its way waits for the next.
 * @param write gives a result for each wish, in the same order; all wishes of a batch fail together
 */
export function batchWrites<Wanted, Result>(
  write: (wanted: Wanted[]) => Promise<Result[]>,
): (wanted: Wanted) => Promise<Result> {
  return batch(HOLD_WRITES_MAX_MS, write);
}

function batch<Wanted, Result>(
  holdMaxMs: number,
  send: (wanted: Wanted[]) => Promise<Result[]>,
): (wanted: Wanted) => Promise<Result> {
  let wishes: Wish<Wanted, Result>[] = [];
  let isSending = false;

  async function sendAll(): Promise<void> {
    while (wishes.length > 0) {
      const sent = wishes;
      wishes = [];
      await Promise.race([answer(sent, send), sleep(holdMaxMs, undefined, { ref: false })]);
    }
    isSending = false;
  }

  return (wanted) => {
    if (!isSending) {
      isSending = true;
      // when all requests that have come by now have said what they want
      setImmediate(() => void sendAll());
    }
    return new Promise<Result>((resolve, reject) => {
      wishes.push({ wanted, resolve, reject });
    });
  };
}

/**
 * Lets what many want at the same time be read at once: one statement instead of many, and one of several
 * that want the same. A batch is sent after the last of those came whose wishes are in it, so that nobody
 * is told what was true before they asked: who comes while one is on its way waits for the next.
 * @param read gives a result for each wish, in the same order; what several get is the same object
 */
export function batchReads<Wanted, Result>(
  read: (wanted: Wanted[]) => Promise<Result[]>,
): (wanted: Wanted) => Promise<Result> {
  let results = new Map<string, Promise<Result>>();
  const want = batch(HOLD_READS_MAX_MS, (wanted: Wanted[]) => {
    results = new Map();
    return read(wanted);
  });

  return (wanted) => {
    const key = JSON.stringify(wanted);
    const result = results.get(key) ?? want(wanted);
    results.set(key, result);
    return result;
  };
}

/** Resolves when the answer is there; those who wait for it are told a little later. */
async function answer<Wanted, Result>(
  wishes: Wish<Wanted, Result>[],
  send: (wanted: Wanted[]) => Promise<Result[]>,
): Promise<void> {
  let tell: () => void;
  try {
    const results = await send(wishes.map(({ wanted }) => wanted));
    tell = () => wishes.forEach(({ resolve }, index) => resolve(results[index] as Result));
  } catch (error) {
    tell = () => wishes.forEach(({ reject }) => reject(error));
  }
  // when the next batch has been sent: the database shall work while their pages are made
  setImmediate(tell);
}

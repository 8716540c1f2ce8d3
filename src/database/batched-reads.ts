import { setTimeout as sleep } from 'node:timers/promises';

// Behind a batch that takes longer, on a connection that hangs for one, the next does not wait.
const HOLD_MAX_MS = 20;

/** What somebody wants, and how they are told. */
interface Wish<Wanted, Result> {
  wanted: Wanted;
  resolve: (result: Result) => void;
  reject: (error: unknown) => void;
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
  let wishes: Wish<Wanted, Result>[] = [];
  let results = new Map<string, Promise<Result>>();
  let isSending = false;

  async function send(): Promise<void> {
    while (wishes.length > 0) {
      const batch = wishes;
      wishes = [];
      results = new Map();
      await Promise.race([answer(batch, read), sleep(HOLD_MAX_MS, undefined, { ref: false })]);
    }
    isSending = false;
  }

  return (wanted) => {
    if (!isSending) {
      isSending = true;
      // when all requests that have come by now have said what they want
      setImmediate(() => void send());
    }
    const key = JSON.stringify(wanted);
    const result =
      results.get(key) ??
      new Promise<Result>((resolve, reject) => {
        wishes.push({ wanted, resolve, reject });
      });
    results.set(key, result);
    return result;
  };
}

/** Resolves when the answer is there; those who wait for it are told a little later. */
async function answer<Wanted, Result>(
  batch: Wish<Wanted, Result>[],
  read: (wanted: Wanted[]) => Promise<Result[]>,
): Promise<void> {
  let tell: () => void;
  try {
    const results = await read(batch.map(({ wanted }) => wanted));
    tell = () => batch.forEach(({ resolve }, index) => resolve(results[index] as Result));
  } catch (error) {
    tell = () => batch.forEach(({ reject }) => reject(error));
  }
  // when the next batch has been sent: the database shall work while their pages are made
  setImmediate(tell);
}

/** Requests that wait for a resource, in the order in which they came. */
export interface WaitQueue<Resource> {
  /** The number of requests that wait now. */
  readonly length: number;
  /** The number of all requests so far. Requests are numbered from 1. */
  readonly requested: number;
  /** The time that all requests so far have waited. */
  readonly waitedS: number;
  /**
   * Adds a request, and resolves with its resource.
   * @throws Error at once if `waitingMax` requests wait already; the error of `createTimeoutError` after `waitMaxMs`
   */
  wait(): Promise<Resource>;
  resolveFirst(resource: Resource): void;
  /** Rejects the first request, unless its number is greater than `lastNumber`. */
  rejectFirst(error: unknown, lastNumber: number): void;
  rejectAll(error: unknown): void;
}

/** The bounds of a queue. */
export interface WaitQueueOptions {
  waitMaxMs: number;
  waitingMax: number;
  createTimeoutError: () => unknown;
}

interface Waiter<Resource> {
  number: number;
  resolve: (resource: Resource) => void;
  reject: (error: unknown) => void;
}

/** Creates an empty queue. */
export function createWaitQueue<Resource>({
  waitMaxMs,
  waitingMax,
  createTimeoutError,
}: WaitQueueOptions): WaitQueue<Resource> {
  const waiters: Waiter<Resource>[] = [];
  let requested = 0;
  let waitedS = 0;

  function enqueue(): Promise<Resource> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        waiters.splice(waiters.indexOf(waiter), 1);
        reject(createTimeoutError());
      }, waitMaxMs);
      const waiter: Waiter<Resource> = {
        number: requested,
        resolve(resource) {
          clearTimeout(timer);
          resolve(resource);
        },
        reject(error) {
          clearTimeout(timer);
          reject(error);
        },
      };
      waiters.push(waiter);
    });
  }

  return {
    get length() {
      return waiters.length;
    },
    get requested() {
      return requested;
    },
    get waitedS() {
      return waitedS;
    },
    async wait() {
      requested++;
      if (waiters.length >= waitingMax) throw new Error('Too many requests wait for a connection.');
      const startedAtMs = performance.now();
      try {
        return await enqueue();
      } finally {
        waitedS += (performance.now() - startedAtMs) / 1000;
      }
    },
    resolveFirst: (resource) => waiters.shift()?.resolve(resource),
    rejectFirst: (error, lastNumber) => {
      if (waiters[0] && waiters[0].number <= lastNumber) waiters.shift()?.reject(error);
    },
    rejectAll: (error) => {
      for (const { reject } of waiters.splice(0)) reject(error);
    },
  };
}

import { LRUCache } from 'lru-cache';

/** A limit that one process counts in memory, for each key in a window of its own. */
export interface Budget {
  /** Counts one event and returns 0; if the key's budget is spent, the milliseconds until its window ends. */
  consume(key: string): number;
}

interface Period {
  points: number;
  /** By `performance.now()`. */
  endsAtMs: number;
}

/**
 * Creates a budget of `points` events in `windowMs` for each key. A window starts with its first event. At
 * most `maxKeys` windows are stored: beyond that, the window of the key that was used least recently is forgotten.
 * (rate-limiter-flexible's limiter in memory has no such bound, and a timer for each key.)
 */
export function createBudget({
  points,
  windowMs,
  maxKeys,
  now = () => performance.now(),
}: {
  points: number;
  windowMs: number;
  maxKeys: number;
  now?: () => number;
}): Budget {
  const periods = new LRUCache<string, Period>({ max: maxKeys });
  return {
    consume(key) {
      const nowMs = now();
      const period = periods.get(key);
      if (!period || period.endsAtMs <= nowMs) {
        periods.set(key, { points: 1, endsAtMs: nowMs + windowMs });
        return 0;
      }
      if (period.points >= points) return period.endsAtMs - nowMs;
      period.points++;
      return 0;
    },
  };
}

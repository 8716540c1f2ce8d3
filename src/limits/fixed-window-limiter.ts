import { LRUCache } from 'lru-cache';

/** A rate limiter in the memory of one process. Each key has a window of its own. */
export interface FixedWindowLimiter {
  /**
   * Counts one event of a key and returns 0. If the key has no points left, counts nothing and returns the milliseconds
   * until its window ends.
   */
  consume(key: string): number;
}

interface Window {
  points: number;
  /** On the clock of `now`. */
  endsAtMs: number;
}

/**
 * Creates a limiter that allows each key `points` events in `windowMs`. A window starts with its first event. The
 * limiter stores at most `maxKeys` windows, and then drops the least recently used one. (The in-memory limiter of
 * rate-limiter-flexible has no such bound, and a timer for each key.)
 */
export function createFixedWindowLimiter({
  points,
  windowMs,
  maxKeys,
  now = () => performance.now(),
}: {
  points: number;
  windowMs: number;
  maxKeys: number;
  now?: () => number;
}): FixedWindowLimiter {
  const windows = new LRUCache<string, Window>({ max: maxKeys });
  return {
    consume(key) {
      const nowMs = now();
      const current = windows.get(key);
      if (!current || current.endsAtMs <= nowMs) {
        windows.set(key, { points: 1, endsAtMs: nowMs + windowMs });
        return 0;
      }
      if (current.points >= points) return current.endsAtMs - nowMs;
      current.points++;
      return 0;
    },
  };
}

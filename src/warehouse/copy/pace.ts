import { setTimeout as sleep } from 'node:timers/promises';

/** Is told how many rows were read, and resolves when more may be. */
export type Pace = (rows: number) => Promise<void>;

/** Keeps the rows that are read to so many a second, from the first on; with null, to as many as there are. */
export function createPace(maxRowsPerSecond: number | null): Pace {
  if (maxRowsPerSecond === null) return () => Promise.resolve();
  const startedAtMs = performance.now();
  let read = 0;
  return async (rows) => {
    read += rows;
    const dueMs = startedAtMs + (read / maxRowsPerSecond) * 1000;
    await sleep(Math.max(0, dueMs - performance.now()));
  };
}

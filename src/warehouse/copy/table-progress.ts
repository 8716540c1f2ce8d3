import type { Progress } from '../../cli/progress-bar.ts';
import type { Keys } from './keys.ts';

/** The progress of the copy of a table, which is read window by window. */
export interface TableProgress {
  /** Starts a window with `rows` rows. */
  enter: (window: Keys, rows: number) => void;
  /** Adds rows of the window that are equal on both sides. */
  addEqual: (rows: number) => void;
  /** Adds rows that were sent. */
  addSent: (rows: number) => void;
  end: () => void;
}

/**
 * Creates the progress of a table. The number of its rows is not known before the end, so the share is that of its keys,
 * and within a window that of the window's rows.
 * @param bounds the least and the greatest key of the source. Null for a table without rows
 */
export function createTableProgress(
  table: string,
  bounds: Keys | null,
  onProgress: (progress: Progress) => void,
): TableProgress {
  let [rows, sent] = [0, 0];
  let window = { start: 0, end: 0, rows: 0, done: 0 };
  const shareOf = (key: bigint) =>
    bounds === null || key > bounds.last
      ? 1
      : Math.max(0, Number(key - bounds.from) / (Number(bounds.last - bounds.from) + 1));
  const show = () => {
    const done = window.rows === 0 ? 1 : window.done / window.rows;
    const share = window.start + (window.end - window.start) * done;
    // Only the end of the table is complete.
    onProgress({ table, rows, sent, share: Math.min(share, 0.999) });
  };
  return {
    enter(keys, windowRows) {
      const [start, end] = [shareOf(keys.from), shareOf(keys.last + 1n)];
      window = { start, end, rows: windowRows, done: 0 };
    },
    addEqual(count) {
      rows += count;
      window.done += count;
      show();
    },
    addSent(count) {
      sent += count;
      show();
    },
    end: () => onProgress({ table, rows, sent, share: 1 }),
  };
}

import type { Waiting } from '../cli/poll.ts';

/** How patiently a command looks; tests have less time. */
export interface Patience {
  firstPauseMs: number;
  /** The longest that anything of AWS's is waited for. */
  waitMaxMs: number;
}

/** How a command waits for things: given the longest that each may take. */
export interface Waits {
  /** On the way in: until there is a signal. */
  waiting: (maxMs: number) => Waiting;
  /** On the way out, which nothing breaks off. */
  undoing: (maxMs: number) => Waiting;
}

/** Makes both, at the command's pace. */
export function createWaits(
  { pace, signal }: { pace: Patience; signal: AbortSignal },
  tell: (line: string) => void,
): Waits {
  const waits = (until: AbortSignal) => (maxMs: number) => ({
    maxMs: Math.min(maxMs, pace.waitMaxMs),
    firstPauseMs: pace.firstPauseMs,
    signal: until,
    onLook: tell,
  });
  return { waiting: waits(signal), undoing: waits(new AbortController().signal) };
}

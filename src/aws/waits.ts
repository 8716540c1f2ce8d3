import type { PollOptions } from '../cli/poll.ts';
import { isPassing } from './errors.ts';

/** How patiently a command looks; tests have less time. */
export interface Patience {
  firstPauseMs: number;
  /** The longest that anything of AWS's is waited for. */
  waitMaxMs: number;
}

/** How a command waits for things: given the longest that each may take. */
export interface Waits {
  /** On the way in: until there is a signal. */
  waiting: (timeoutMs: number) => PollOptions;
  /** On the way out, which nothing breaks off. */
  undoing: (timeoutMs: number) => PollOptions;
}

/** Makes both, at the command's pace. */
export function createWaits(
  { pace, signal }: { pace: Patience; signal: AbortSignal },
  tell: (line: string) => void,
): Waits {
  const waits = (until: AbortSignal) => (timeoutMs: number) => ({
    timeoutMs: Math.min(timeoutMs, pace.waitMaxMs),
    firstPauseMs: pace.firstPauseMs,
    signal: until,
    onPoll: tell,
    isTransient: isPassing,
  });
  return { waiting: waits(signal), undoing: waits(new AbortController().signal) };
}

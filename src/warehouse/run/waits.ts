import type { Waiting } from '../../aws/wait.ts';
import type { Base } from './run.ts';

/** How a command waits for things: given the longest that each may take. */
export interface Waits {
  /** On the way in: until there is a signal. */
  waiting: (maxMs: number) => Waiting;
  /** On the way out, which nothing breaks off. */
  undoing: (maxMs: number) => Waiting;
}

/** Makes both, at the command's pace. */
export function createWaits({ pace, signal }: Base, tell: (line: string) => void): Waits {
  const waits = (until: AbortSignal) => (maxMs: number) => ({
    maxMs: Math.min(maxMs, pace.waitMaxMs),
    firstPauseMs: pace.firstPauseMs,
    signal: until,
    onLook: tell,
  });
  return { waiting: waits(signal), undoing: waits(new AbortController().signal) };
}

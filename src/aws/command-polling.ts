import type { PollOptions } from '../cli/poll.ts';
import { isTransient } from './errors.ts';

/** How patiently a command looks; tests have less time. */
export interface PollTiming {
  firstPauseMs: number;
  /** The longest that anything of AWS's is waited for. */
  waitMaxMs: number;
}

/** How a command waits for things: given the longest that each may take. */
export interface CommandPolling {
  /** On the way in: until there is a signal. */
  pollOptions: (timeoutMs: number) => PollOptions;
  /** On the way out, which nothing breaks off. */
  cleanupPollOptions: (timeoutMs: number) => PollOptions;
}

/** Makes both, at the command's pace. */
export function createCommandPolling(
  { pace, signal }: { pace: PollTiming; signal: AbortSignal },
  tell: (line: string) => void,
): CommandPolling {
  const waits = (until: AbortSignal) => (timeoutMs: number) => ({
    timeoutMs: Math.min(timeoutMs, pace.waitMaxMs),
    firstPauseMs: pace.firstPauseMs,
    signal: until,
    onPoll: tell,
    isTransient: isTransient,
  });
  return { pollOptions: waits(signal), cleanupPollOptions: waits(new AbortController().signal) };
}

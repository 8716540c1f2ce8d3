import type { CommandContext } from '../cli/command-context.ts';
import type { PollOptions } from '../cli/poll.ts';
import { isTransient } from './errors.ts';

/** Returns the options with which a command polls AWS, for at most `timeoutMs`. The command's signal ends the poll. */
export function pollOptions(
  { timing, signal, log }: Pick<CommandContext, 'timing' | 'signal' | 'log'>,
  timeoutMs: number,
): PollOptions {
  return {
    timeoutMs: Math.min(timeoutMs, timing.waitMaxMs),
    firstPauseMs: timing.firstPauseMs,
    signal,
    onPoll: log,
    isTransient,
  };
}

/** Returns the options of a poll that undoes something, for at most `timeoutMs`. No signal ends the poll. */
export function cleanupPollOptions(
  context: Pick<CommandContext, 'timing' | 'log'>,
  timeoutMs: number,
): PollOptions {
  return pollOptions({ ...context, signal: new AbortController().signal }, timeoutMs);
}

import { setTimeout as sleep } from 'node:timers/promises';
import { errorMessage } from '../errors/error-message.ts';
import { OperatorError } from '../errors/operator-error.ts';

const FIRST_PAUSE_MS = 500;
const MAX_PAUSE_MS = 10_000;
const PAUSE_GROWTH = 1.5;

/** How long to poll, and who hears of each state. */
export interface PollOptions {
  /** The longest time between the first request and the last. */
  timeoutMs: number;
  /**
   * The first pause between two requests, 500 ms by default. Each pause is 1.5 times as long as the one before, up
   * to 10 s.
   */
  firstPauseMs?: number;
  /** Ends the polling. */
  signal: AbortSignal;
  /** Is called with `subject: state` each time when the state has changed. */
  onPoll: (state: string) => void;
  /** Returns whether a request that failed with this error may succeed later. By default, it may not. */
  isTransient?: (error: unknown) => boolean;
}

/** The result of one request: the value that was waited for, or the state until then. */
export type PollResult<Value> = { done: Value } | { pending: string };

/**
 * Sends a request repeatedly, with backoff, until it returns a value. A transient error counts as a state, so the
 * request has to be idempotent.
 * @param subject what is waited for, as the first words of a message: `The volume vol-1`
 * @throws OperatorError with the last state after `timeoutMs`; the signal's reason; an error of `request` that is
 *   not transient
 */
export async function poll<Value>(
  subject: string,
  request: () => Promise<PollResult<Value>>,
  options: PollOptions,
): Promise<Value> {
  const { timeoutMs, firstPauseMs = FIRST_PAUSE_MS, signal, onPoll } = options;
  const deadline = performance.now() + timeoutMs;
  let state = '';
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * PAUSE_GROWTH, MAX_PAUSE_MS)) {
    signal.throwIfAborted();
    const result = await request().catch((error: unknown) => toPending(error, options));
    if ('done' in result) return result.done;
    if (result.pending !== state) onPoll(`${subject}: ${result.pending}`);
    state = result.pending;
    const leftMs = deadline - performance.now();
    if (leftMs <= 0) {
      const lastState = state.replace(/\.$/, '');
      throw new OperatorError(
        `${subject}: still ${lastState} after ${Math.round(timeoutMs / 1000)} s.`,
      );
    }
    // The next round throws the signal's reason, which the pause's own error would hide.
    await sleep(Math.min(pauseMs, leftMs), undefined, { signal }).catch(() => undefined);
  }
}

function toPending(error: unknown, { isTransient }: PollOptions): { pending: string } {
  if (isTransient?.(error)) return { pending: errorMessage(error) };
  throw error;
}

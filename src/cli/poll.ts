import { setTimeout as sleep } from 'node:timers/promises';
import { OperatorError } from '../errors/operator-error.ts';
import { isPassing } from '../aws/errors.ts';

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;

/** How long to wait, and who is told. */
export interface Waiting {
  maxMs: number;
  /** Half a second unless told; the pauses grow from there. */
  firstPauseMs?: number;
  signal: AbortSignal;
  /** Is told what is waited for, and what was seen last, each time when that is something else. */
  onLook: (state: string) => void;
}

/** What was seen: the answer, or a state that is not it yet. */
export type Seen<Answer> = { answer: Answer } | { state: string };

/**
 * Looks until there is an answer, less often the longer it takes. That AWS cannot be reached for a while is but one
 * more state: `look` may be called again when what it asked for was done, and only the answer was lost.
 * @throws OperatorError when there is no answer in time, which says what was seen last; the signal's reason;
 *   whatever else `look` throws
 */
export async function waitFor<Answer>(
  what: string,
  look: () => Promise<Seen<Answer>>,
  { maxMs, firstPauseMs = FIRST_PAUSE_MS, signal, onLook }: Waiting,
): Promise<Answer> {
  const giveUpAt = performance.now() + maxMs;
  let last = '';
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 1.5, LONGEST_PAUSE_MS)) {
    signal.throwIfAborted();
    const seen = await look().catch(passingState);
    if ('answer' in seen) return seen.answer;
    if (seen.state !== last) onLook(`${what}: ${seen.state}`);
    last = seen.state;
    const leftMs = giveUpAt - performance.now();
    if (leftMs <= 0) {
      throw new OperatorError(`${what}: still ${last} after ${Math.round(maxMs / 1000)} s.`);
    }
    // the pause's own error would hide the signal's reason, which the next round throws
    await sleep(Math.min(pauseMs, leftMs), undefined, { signal }).catch(() => undefined);
  }
}

function passingState(error: unknown): { state: string } {
  if (isPassing(error)) return { state: (error as Error).message };
  throw error;
}

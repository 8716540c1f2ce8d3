import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorMessage } from '../errors/error-message.ts';
import { OperatorError } from '../errors/operator-error.ts';
import type { CommandContext } from './command-context.ts';

/** What is done on the way out. */
export interface Undoable<Context> {
  /** Its name in the journal, which the next process may read. */
  name: string;
  /** What is going on, for whoever watches: `Terminating the instance`. Nothing is said of one without. */
  undoMessage?: string;
  /**
   * Leaves things as they were before, however far `run` came and whoever ran it; what is undone already is fine.
   * It hears no signal: its waits have bounds of their own.
   * @throws what kept it from that; what goes by itself with an earlier step's undoing is no reason
   */
  undo?: (context: Context) => Promise<void>;
  /** What may still exist when it could not be undone, and how to remove it by hand: one line each. */
  formatOrphans?: (context: Context) => string[];
}

/** Something that is done on the way in, and what is done about it on the way out, where less may be at hand. */
export interface Step<Context, Ending = Context> extends Undoable<Ending> {
  /** The same of the way in: `Starting the instance`. */
  runMessage?: string;
  run?: (context: Context) => Promise<void>;
}

/** Remembers which steps were begun and are not undone, for the next process too. */
export interface Journal {
  begun: () => string[];
  begin: (step: string) => Promise<void>;
  end: (step: string) => Promise<void>;
}

/** Remembers it for this process alone: what a killed one leaves is found by its tags. */
export function createMemoryJournal(begunAlready: string[] = []): Journal {
  const begun = new Set(begunAlready);
  return {
    begun: () => [...begun],
    begin: async (step) => void begun.add(step),
    end: async (step) => void begun.delete(step),
  };
}

/** What steps are run and undone with. */
export interface StepContext extends CommandContext {
  journal: Journal;
}

/**
 * Runs steps in their order. Each is in the journal before it begins, so that whatever it leaves behind is found.
 * One that does not hear the signal is left to itself after a while.
 * @throws the signal's reason, once that is aborted, else what the step threw; no further step is begun
 */
export async function runSteps<Context extends StepContext>(
  steps: Step<Context>[],
  context: Context,
): Promise<void> {
  const { journal, log, signal, timing } = context;
  signal.throwIfAborted();
  for (const step of steps) {
    await journal.begin(step.name);
    if (step.runMessage) log(`${step.runMessage} …`);
    try {
      await untilStopped(step.run?.(context), signal, timing.stopTimeoutMs);
    } catch (error) {
      // what it broke off with is of no interest then
      signal.throwIfAborted();
      throw error;
    }
    signal.throwIfAborted();
  }
}

/** Ends with the work; or without it, when that goes on for too long after the signal. */
async function untilStopped(
  work: Promise<void> | undefined,
  signal: AbortSignal,
  stopTimeoutMs: number,
): Promise<void> {
  const ended = new AbortController();
  const late = async () => {
    if (!signal.aborted) await once(signal, 'abort', { signal: ended.signal });
    await sleep(stopTimeoutMs, undefined, { signal: ended.signal });
  };
  try {
    await Promise.race([work, late()]);
  } finally {
    ended.abort();
  }
}

/**
 * Undoes those of the steps that were begun, the last first, and goes on when one cannot be undone.
 * @throws OperatorError that says why, and what may still exist
 */
export async function undoSteps<Context extends StepContext>(
  steps: Undoable<Context>[],
  context: Context,
): Promise<void> {
  const { journal, log } = context;
  const errors: unknown[] = [];
  const leftovers: string[] = [];
  for (const step of steps.toReversed()) {
    if (!journal.begun().includes(step.name)) continue;
    if (step.undoMessage) log(`${step.undoMessage} …`);
    try {
      await step.undo?.(context);
      // what is undone is undone: if that cannot be remembered, it may be undone again
      await journal.end(step.name).catch((error: unknown) => log(errorMessage(error)));
    } catch (error) {
      const left = step.formatOrphans?.(context) ?? [];
      // at once, since what is left to undo may take hours
      log(errorMessage(error));
      for (const line of left) log(`This may still exist: ${line}`);
      errors.push(error);
      leftovers.push(...left);
    }
  }
  if (errors.length === 0) return;
  throw new OperatorError(sayLeftovers(errors, leftovers), { cause: new AggregateError(errors) });
}

function sayLeftovers(errors: unknown[], leftovers: string[]): string {
  const list = (lines: string[]) => lines.map((line) => `\n  ${line}`).join('');
  const reasons = list(errors.map(errorMessage));
  return `Not everything could be undone:${reasons}\nThis may still exist:${list(leftovers)}`;
}

import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorMessage } from '../errors/error-message.ts';
import { OperatorError } from '../errors/operator-error.ts';
import type { CommandContext } from './command-context.ts';

/**
 * One step of a command, with what undoes it. Another process may undo a step than the one that ran it, so
 * `UndoContext` may have less than `Context`.
 */
export interface Step<Context, UndoContext = Context> {
  /** The name in the journal. */
  name: string;
  /** The operator reads this before `run`: `Starting the instance`. */
  runMessage?: string;
  run?: (context: Context) => Promise<void>;
  /** The operator reads this before `undo`: `Terminating the instance`. */
  undoMessage?: string;
  /**
   * Removes everything that `run` created, even after `run` failed or its process was killed. It is idempotent. The
   * signal does not end it, so each wait in it needs a timeout.
   * @throws an error unless undoing an earlier step removes the rest
   */
  undo?: (context: UndoContext) => Promise<void>;
  /** Returns a line for each resource that may still exist after `undo` failed, with the command that removes it. */
  formatOrphans?: (context: UndoContext) => string[];
}

/** The requests and commands of a step that change something, a line each, in order. */
export interface StepPlan {
  run?: string[];
  /** The undoing after all steps have succeeded. */
  undo?: string[];
}

/** A step that a dry run can show. */
export interface PlannedStep<Context, UndoContext = Context> extends Step<Context, UndoContext> {
  /** Returns what `run` and `undo` would do, and changes nothing. */
  plan: (context: Context) => StepPlan | Promise<StepPlan>;
}

/** Stores the names of the steps that have begun and that are not undone. */
export interface Journal {
  listBegun: () => string[];
  begin: (step: string) => Promise<void>;
  end: (step: string) => Promise<void>;
}

/** Creates a journal that is lost with the process. After a crash, resources are found by their tags. */
export function createMemoryJournal(begunAlready: string[] = []): Journal {
  const begun = new Set(begunAlready);
  return {
    listBegun: () => [...begun],
    begin: async (step) => void begun.add(step),
    end: async (step) => void begun.delete(step),
  };
}

/** The context in which steps are run and undone. */
export interface StepContext extends CommandContext {
  journal: Journal;
}

/** Returns the lines of a dry run: the plans of all steps in order, then of their undoing in reverse order. */
export async function planSteps<Context>(
  steps: PlannedStep<Context>[],
  context: Context,
): Promise<string[]> {
  const runLines: string[] = [];
  const undoLines: string[] = [];
  for (const step of steps) {
    const { run = [], undo = [] } = await step.plan(context);
    runLines.push(...run);
    undoLines.unshift(...undo);
  }
  return [...runLines, ...undoLines];
}

/**
 * Runs steps in order. Each step is journalled before it starts. A step that ignores the signal is abandoned after
 * `timing.stopTimeoutMs`.
 * @throws the reason of the signal once it is aborted, otherwise the error of a step; no further step starts
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
      await runUntilStopped(step.run?.(context), signal, timing.stopTimeoutMs);
    } catch (error) {
      // An error after the signal is a consequence of the signal.
      signal.throwIfAborted();
      throw error;
    }
    signal.throwIfAborted();
  }
}

/** Waits for a step, but no longer than `stopTimeoutMs` after the signal. */
async function runUntilStopped(
  work: Promise<void> | undefined,
  signal: AbortSignal,
  stopTimeoutMs: number,
): Promise<void> {
  const ended = new AbortController();
  const waitForTimeout = async () => {
    if (!signal.aborted) await once(signal, 'abort', { signal: ended.signal });
    await sleep(stopTimeoutMs, undefined, { signal: ended.signal });
  };
  try {
    await Promise.race([work, waitForTimeout()]);
  } finally {
    ended.abort();
  }
}

/**
 * Undoes the steps that have begun, in reverse order. After a failure, the remaining steps are undone too.
 * @throws OperatorError with all failures and all resources that may still exist
 */
export async function undoSteps<Context extends StepContext>(
  steps: Step<never, Context>[],
  context: Context,
): Promise<void> {
  const { journal, log } = context;
  const errors: unknown[] = [];
  const orphans: string[] = [];
  for (const step of steps.toReversed()) {
    if (!journal.listBegun().includes(step.name)) continue;
    if (step.undoMessage) log(`${step.undoMessage} …`);
    try {
      await step.undo?.(context);
      // The step is undone. A journal that cannot be written costs no more than to undo it again.
      await journal.end(step.name).catch((error: unknown) => log(errorMessage(error)));
    } catch (error) {
      const stepOrphans = step.formatOrphans?.(context) ?? [];
      // The operator reads this at once, since undoing the other steps may take hours.
      log(errorMessage(error));
      for (const line of stepOrphans) log(`This may still exist: ${line}`);
      errors.push(error);
      orphans.push(...stepOrphans);
    }
  }
  if (errors.length === 0) return;
  throw new OperatorError(formatFailure(errors, orphans), { cause: new AggregateError(errors) });
}

function formatFailure(errors: unknown[], orphans: string[]): string {
  const list = (lines: string[]) => lines.map((line) => `\n  ${line}`).join('');
  const reasons = list(errors.map(errorMessage));
  return `Not everything could be undone:${reasons}\nThis may still exist:${list(orphans)}`;
}

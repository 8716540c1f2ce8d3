import { wasRefused } from '../../aws/errors.ts';
import { createMemoryJournal, type Step, type StepContext } from '../../cli/steps.ts';
import type { CloudContext } from '../context.ts';
import type { Plan } from './plan.ts';

/** What the way out works with, of this run's or of one that was killed. */
export interface UndoContext extends CloudContext, StepContext {
  runId: string;
  /** The security group of the builder. */
  groupId: string | null;
  /** The instance that becomes the image. */
  builderId: string | null;
  imageId: string | null;
  /** Whether the image is as it should be, and stays. */
  isDone: boolean;
}

/** One image in the making. */
export interface BuildContext extends UndoContext {
  plan: Plan;
}

/** One of the things that are done for it. */
export type BuildStep = Step<BuildContext, UndoContext>;

/** An image of which there is nothing yet. */
export function createBuildContext(cloud: CloudContext, plan: Plan): BuildContext {
  return { ...createUndoContext(cloud, plan.runId), plan };
}

/** What a run may have left. */
export function createUndoContext(
  cloud: CloudContext,
  runId: string,
  begun: string[] = [],
): UndoContext {
  return {
    ...cloud,
    runId,
    groupId: null,
    builderId: null,
    imageId: null,
    isDone: false,
    journal: createMemoryJournal(begun),
  };
}

/** Makes the first thing of a step: when AWS refuses it, there is nothing of the step to undo. */
export async function beginWith<Answer>(
  { journal }: UndoContext,
  step: string,
  making: Promise<Answer>,
): Promise<Answer> {
  try {
    return await making;
  } catch (error) {
    if (wasRefused(error)) await journal.end(step);
    throw error;
  }
}

/** What the steps before have made. */
export function idOf(made: string | null): string {
  if (made === null) throw new Error('The steps are in another order');
  return made;
}

/** What to do about something that could not be removed. */
export function sayLeft(what: string): string {
  return `${what}: the next image or down (npm run cloud) removes it`;
}

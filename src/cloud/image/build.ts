import { wasRefused } from '../../aws/errors.ts';
import type { ImageBuild } from '../../aws/image-builder/image-build.ts';
import { createMemoryJournal, type PlannedStep } from '../../cli/steps.ts';
import type { CloudContext } from '../context.ts';
import { formatImageCommand } from '../format-command.ts';
import type { BuildPlan } from './plan.ts';

/** A build that started longer ago is no longer running: this is more than the sum of all its timeouts. */
export const BUILD_MAX_MS = 2 * 60 * 60_000;

/** The context in which a build is undone. Another process may have started the build. */
export interface UndoContext extends CloudContext, ImageBuild {
  /** The security group of the builder. */
  groupId: string | null;
}

/** One build of an image. */
export interface BuildContext extends UndoContext {
  plan: BuildPlan;
}

/** A step of a build. */
export type BuildStep = PlannedStep<BuildContext, UndoContext>;

/** Creates the context of a new build. */
export function createBuildContext(cloud: CloudContext, plan: BuildPlan): BuildContext {
  return { ...createUndoContext(cloud, plan.runId), plan };
}

/** Creates the context that undoes the steps in `begun` of a build. */
export function createUndoContext(
  cloud: CloudContext,
  runId: string,
  begun: string[] = [],
): UndoContext {
  return {
    ...cloud,
    ec2: cloud.clients.ec2,
    runId,
    groupId: null,
    builderId: null,
    builderType: null,
    imageId: null,
    isDone: false,
    journal: createMemoryJournal(begun),
  };
}

/**
 * Waits for the request that creates the first resource of a step. When AWS refuses it, the step has created nothing,
 * and leaves the journal.
 */
export async function createFirstResource<Answer>(
  { journal }: UndoContext,
  step: string,
  request: Promise<Answer>,
): Promise<Answer> {
  try {
    return await request;
  } catch (error) {
    if (wasRefused(error)) await journal.end(step);
    throw error;
  }
}

/** Formats a resource that may still exist, with the command that removes it. */
export function formatOrphan(resource: string): string {
  const hours = BUILD_MAX_MS / 3_600_000;
  return `${resource}. To remove it, run ${formatImageCommand()} more than ${hours} h after the start of this build.`;
}

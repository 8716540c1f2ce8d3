import { DeleteStackCommand } from '@aws-sdk/client-cloudformation';
import { withAwsError } from '../../aws/errors.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import { formatCommand } from '../format-command.ts';
import { findLastEventId, listEvents, type StackEvent } from './events.ts';
import { explainReason, formatReason } from './hints.ts';
import { findStackById, isInProgress, type Stack } from './stack.ts';
import { watchStack } from './watch-stack.ts';

// AWS does not remove a stack during any other operation.
const REMOVABLE = new Set(['CREATE_IN_PROGRESS', 'REVIEW_IN_PROGRESS', 'DELETE_IN_PROGRESS']);

/** Waits until no operation is in progress that prevents the removal of the stack. That operation may fail. */
export async function waitUntilRemovable(
  cloud: CloudContext,
  { id, status }: Stack,
): Promise<void> {
  if (isInProgress(status) && !REMOVABLE.has(status)) await waitForEnd(cloud, id);
}

/**
 * Removes the stack, and waits until it is deleted.
 * @throws OperatorError with the resources that could not be removed, why, and what to do; or that AWS continues
 */
export async function removeStack(cloud: CloudContext, { id, status }: Stack): Promise<void> {
  try {
    const since = status === 'DELETE_IN_PROGRESS' ? null : await requestRemoval(cloud, id);
    await watchStack(cloud, id, since);
  } catch (error) {
    const failed = cloud.signal.aborted ? [] : await listFailed(cloud, id);
    throw failed.length > 0 ? removalError(cloud, failed) : error;
  }
}

/** Waits until an operation has ended, also if it fails. */
async function waitForEnd(cloud: CloudContext, id: string): Promise<void> {
  cloud.log(`AWS is changing the stack ${cloud.stackName}. Waiting until that has ended …`);
  await watchStack(cloud, id, null).catch(async (error: unknown) => {
    const stack = await findStackById(cloud, id);
    if (stack && isInProgress(stack.status)) throw error;
  });
}

/** Starts the removal and returns the id of the last event before it. */
async function requestRemoval(cloud: CloudContext, id: string): Promise<string | null> {
  const since = await findLastEventId(cloud, id);
  cloud.signal.throwIfAborted();
  const command = new DeleteStackCommand({ StackName: id });
  const request = cloud.clients.cloudFormation.send(command);
  await withAwsError(`Cannot remove the stack ${cloud.stackName}`, request);
  return since;
}

async function listFailed(cloud: CloudContext, id: string): Promise<StackEvent[]> {
  const stack = await findStackById(cloud, id);
  if (stack?.status !== 'DELETE_FAILED') return [];
  const events = await listEvents(cloud, id, null);
  return events.filter(({ status, isOfStack }) => status === 'DELETE_FAILED' && !isOfStack);
}

// Patterns of AWS's reasons. These reasons are the same for all types of resources.
const OBSTACLES: [RegExp, string][] = [
  [
    /DependencyViolation|dependent object|in use/i,
    'A resource outside of the stack uses it. Remove that first.',
  ],
  [
    /attached to|DeleteConflict|must detach/i,
    'Detach it first, for example with aws iam detach-user-policy.',
  ],
  [/not empty/i, 'Empty it first.'],
  [/protect/i, 'Disable its protection first.'],
];

function removalError(cloud: CloudContext, failed: StackEvent[]): OperatorError {
  const lines = failed.map(({ resource, type, reason }) => {
    const why = formatReason(reason ?? 'AWS returned no reason');
    const [, hint] = OBSTACLES.find(([pattern]) => pattern.test(why)) ?? [];
    return `\n  ${resource} (${type}): ${hint ? `${why} ${hint}` : explainReason(why, cloud)}`;
  });
  return new OperatorError(
    `These resources of the stack ${cloud.stackName} could not be removed:${lines.join('')}\n` +
      `Correct this, then run ${formatCommand(cloud, 'down')} again.`,
  );
}

import { DeleteStackCommand } from '@aws-sdk/client-cloudformation';
import { withAwsError } from '../../aws/errors.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import { formatCommand } from '../format-command.ts';
import { hintFor } from './hints.ts';
import { findLastEventId, listEvents, type StackEvent } from './events.ts';
import { findStackById, type Stack } from './stack.ts';
import { watchStack } from './watch.ts';

// All else that goes on AWS brings to its end before it removes anything.
const REMOVABLE = new Set(['CREATE_IN_PROGRESS', 'REVIEW_IN_PROGRESS', 'DELETE_IN_PROGRESS']);

/**
 * Removes the stack, whatever its status, and watches until it is gone.
 * @throws OperatorError that says what could not be removed, why, and what to do; or that AWS goes on
 */
export async function removeStack(cloud: CloudContext, { id, status }: Stack): Promise<void> {
  if (status.endsWith('_IN_PROGRESS') && !REMOVABLE.has(status)) await letEnd(cloud, id);
  try {
    await watchStack(cloud, id, status === 'DELETE_IN_PROGRESS' ? null : await begin(cloud, id));
  } catch (error) {
    const failed = cloud.signal.aborted ? [] : await listFailed(cloud, id);
    throw failed.length > 0 ? explain(cloud, failed) : error;
  }
}

/** However it ends. */
async function letEnd(cloud: CloudContext, id: string): Promise<void> {
  cloud.log(`AWS is still changing the stack ${cloud.stackName}: watching that first …`);
  await watchStack(cloud, id, null).catch(async (error: unknown) => {
    const stack = await findStackById(cloud, id);
    if (stack?.status.endsWith('_IN_PROGRESS')) throw error;
  });
}

/** Gives what happened last before. */
async function begin(cloud: CloudContext, id: string): Promise<string | null> {
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

// By what AWS says, since it says it of whatever is in the way.
const IN_THE_WAY: [RegExp, string][] = [
  [
    /DependencyViolation|dependent object|in use/i,
    'something that is not of the stack uses it: end that first',
  ],
  [
    /attached to|DeleteConflict|must detach/i,
    'take it first from whoever it was given to: aws iam detach-user-policy',
  ],
  [/not empty/i, 'empty it first'],
  [/protect/i, 'switch its protection off first'],
];

function explain(cloud: CloudContext, failed: StackEvent[]): OperatorError {
  const lines = failed.map(({ resource, type, reason }) => {
    const why = reason?.replace(/\s+/g, ' ') ?? 'AWS does not say why';
    const advice = IN_THE_WAY.find(([words]) => words.test(why))?.[1] ?? hintFor(why);
    return `\n  ${resource} (${type}): ${why}${advice ? ` (${advice})` : ''}`;
  });
  return new OperatorError(
    `Of the stack ${cloud.stackName} this could not be removed, and may go on costing:${lines.join('')}\n` +
      `Once that is mended, ${formatCommand(cloud, 'down')} goes on.`,
  );
}

import type { CloudContext } from '../context.ts';
import { listEvents } from './events.ts';
import { explainFailure } from './failure.ts';
import { findStack, isEmpty, isInProgress, stackNotFoundError, type Stack } from './stack.ts';
import { watchStack } from './watch-stack.ts';

const CHANGEABLE = new Set([
  'CREATE_COMPLETE',
  'UPDATE_COMPLETE',
  'UPDATE_ROLLBACK_COMPLETE',
  'IMPORT_COMPLETE',
  'IMPORT_ROLLBACK_COMPLETE',
]);

/**
 * Returns the stack when it can be changed. Waits until an operation in progress has ended.
 * @returns null when there is no stack, or an empty one
 * @throws OperatorError with the reason and what to do, when the stack is in a status in which AWS does not change it
 */
export async function waitUntilStable(cloud: CloudContext): Promise<Stack | null> {
  const found = await findStack(cloud);
  if (!found || isEmpty(found)) return null;
  const stack = isInProgress(found.status) ? await waitForEnd(cloud, found) : found;
  if (stack.status === 'DELETE_COMPLETE') return null;
  if (CHANGEABLE.has(stack.status)) return stack;
  const events = await listEvents(cloud, stack.id, null);
  throw explainFailure(cloud, stack.status, events);
}

function waitForEnd(cloud: CloudContext, { id, status }: Stack): Promise<Stack> {
  cloud.log(`The stack ${cloud.stackName} is ${status}. Waiting until that has ended …`);
  return watchStack(cloud, id, null);
}

/**
 * Returns the stack when it can be changed, as `waitUntilStable` does.
 * @throws OperatorError also when there is no stack
 */
export async function requireStableStack(cloud: CloudContext): Promise<Stack> {
  const stack = await waitUntilStable(cloud);
  if (!stack) throw stackNotFoundError(cloud);
  return stack;
}

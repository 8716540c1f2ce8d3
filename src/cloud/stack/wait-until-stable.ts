import type { CloudContext } from '../context.ts';
import { listEvents } from './events.ts';
import { explainFailure } from './failure.ts';
import { findStack, isEmpty, stackNotFoundError, type Stack } from './stack.ts';
import { watchStack } from './watch.ts';

const CHANGEABLE = new Set([
  'CREATE_COMPLETE',
  'UPDATE_COMPLETE',
  'UPDATE_ROLLBACK_COMPLETE',
  'IMPORT_COMPLETE',
  'IMPORT_ROLLBACK_COMPLETE',
]);

/**
 * The stack, once it can be changed: what AWS is still doing with it is watched to its end first.
 * @returns null when there is none, or nothing in it
 * @throws OperatorError that says why it is in a status in which it cannot be changed, and what to do
 */
export async function waitUntilStable(cloud: CloudContext): Promise<Stack | null> {
  const found = await findStack(cloud);
  if (!found || isEmpty(found)) return null;
  const stack = found.status.endsWith('_IN_PROGRESS') ? await watchOn(cloud, found) : found;
  if (stack.status === 'DELETE_COMPLETE') return null;
  if (CHANGEABLE.has(stack.status)) return stack;
  const events = await listEvents(cloud, stack.id, null);
  throw explainFailure(cloud, stack.status, events);
}

function watchOn(cloud: CloudContext, { id, status }: Stack): Promise<Stack> {
  cloud.log(`The stack ${cloud.stackName} is ${status}: watching that first …`);
  return watchStack(cloud, id, null);
}

/**
 * The same of a stack that has to be there.
 * @throws OperatorError when it is not
 */
export async function requireStableStack(cloud: CloudContext): Promise<Stack> {
  const stack = await waitUntilStable(cloud);
  if (!stack) throw stackNotFoundError(cloud);
  return stack;
}

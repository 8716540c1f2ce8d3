import { pollOptions } from '../../aws/poll-options.ts';
import { poll } from '../../cli/poll.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import { listEvents } from './events.ts';
import { explainFailure } from './failure.ts';
import { findStackById, type Stack } from './stack.ts';
import { createEventPrinter } from './event-printer.ts';

const DONE_MAX_MS = 2 * 3_600_000;
const DONE = new Set(['CREATE_COMPLETE', 'UPDATE_COMPLETE', 'DELETE_COMPLETE', 'IMPORT_COMPLETE']);

/**
 * Watches an operation of AWS's on the stack to its end, and tells of each resource as it comes up or goes.
 * @param since the event before the operation (`findLastEvent`); null for the one that goes on
 * @returns the stack as it is then, `DELETE_COMPLETE` perhaps
 * @throws OperatorError that says what failed first when AWS could not do it, and what the stack is left in; when
 *   the signal or the deadline comes first, that AWS goes on
 */
export async function watchStack(
  cloud: CloudContext,
  stackId: string,
  since: string | null,
): Promise<Stack> {
  const tellNew = createEventPrinter(cloud.log);
  const look = async () => {
    const events = await listEvents(cloud, stackId, since);
    tellNew(events);
    const status = events.findLast(({ isOfStack }) => isOfStack)?.status ?? 'not begun yet';
    const goesOn = events.length === 0 || status.endsWith('_IN_PROGRESS');
    return goesOn ? { pending: status } : { done: { status, events } };
  };
  const { status, events } = await poll(
    `The stack ${cloud.stackName}`,
    look,
    pollOptions(cloud, DONE_MAX_MS),
  ).catch((error: unknown) => {
    throw sayThatItGoesOn(cloud, error);
  });
  if (!DONE.has(status)) throw explainFailure(cloud, status, events);
  const stack = await findStackById(cloud, stackId);
  if (!stack) throw new OperatorError(`The stack ${cloud.stackName} is gone.`);
  return stack;
}

/** Whatever ends the watching does not end what is watched. */
function sayThatItGoesOn({ stackName }: CloudContext, error: unknown): unknown {
  if (!(error instanceof OperatorError)) return error;
  const { message } = error;
  return new OperatorError(
    `${message} AWS goes on with the stack ${stackName} by itself: the same command watches on.`,
    { cause: error },
  );
}

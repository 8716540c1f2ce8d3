import { pollOptions } from '../../aws/poll-options.ts';
import { poll } from '../../cli/poll.ts';
import { addSentence, OperatorError } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import { createEventPrinter } from './event-printer.ts';
import { listEvents, type StackEvent } from './events.ts';
import { explainFailure } from './failure.ts';
import { formatPendingCertificate } from './pending-certificate.ts';
import { findStackById, isInProgress, type Stack } from './stack.ts';

const DONE_MAX_MS = 2 * 3_600_000;
const DONE = new Set(['CREATE_COMPLETE', 'UPDATE_COMPLETE', 'DELETE_COMPLETE', 'IMPORT_COMPLETE']);

/**
 * Waits until an operation on the stack has ended, and logs the states of its resources.
 * @param since the id of the last event before the operation, or null for the operation in progress
 * @returns the stack after the operation. A deleted stack is `DELETE_COMPLETE`.
 * @throws OperatorError with the first failure and the stack's status when the operation failed. When the signal or the
 *   timeout ends the wait, its message adds what a pending certificate needs, and that AWS continues.
 */
export async function watchStack(
  cloud: CloudContext,
  stackId: string,
  since: string | null,
): Promise<Stack> {
  const printNewEvents = createEventPrinter(cloud.log);
  let events: StackEvent[] = [];
  const checkEnded = async () => {
    events = await listEvents(cloud, stackId, since);
    printNewEvents(events);
    const status = events.findLast(({ isOfStack }) => isOfStack)?.status ?? 'not started yet';
    const isActive = events.length === 0 || isInProgress(status);
    return isActive ? { pending: status } : { done: status };
  };
  const subject = `The stack ${cloud.stackName}`;
  const options = pollOptions(cloud, DONE_MAX_MS);
  const status = await poll(subject, checkEnded, options).catch((error: unknown) => {
    const sentences = [formatPendingCertificate(events), formatStackContinues(cloud)];
    throw addSentence(error, sentences.filter((it) => it !== null).join(' '));
  });
  if (!DONE.has(status)) throw explainFailure(cloud, status, events);
  const stack = await findStackById(cloud, stackId);
  if (!stack) throw new OperatorError(`The stack ${cloud.stackName} no longer exists.`);
  return stack;
}

/** Returns the message for an operation that continues in AWS without this command. */
export function formatStackContinues({ stackName }: Pick<CloudContext, 'stackName'>): string {
  return `AWS continues to change the stack ${stackName}. Run the same command again to wait for it.`;
}

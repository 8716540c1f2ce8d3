import { OperatorError } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import { formatCommand } from '../format-command.ts';
import { hintFor } from './hints.ts';
import type { StackEvent } from './events.ts';

/**
 * Says why an operation failed: with what failed first, from which all else follows.
 * @param events all of the operation, the oldest first
 */
export function explainFailure(
  { stackName }: Pick<CloudContext, 'stackName'>,
  status: string,
  events: StackEvent[],
): OperatorError {
  const afterwards = explainStatus(status, stackName);
  const outcome = `The stack ${stackName} is ${status}${afterwards ? `: ${afterwards}` : ''}`;
  const first = events.find(isOwnFailure) ?? events.find(isFailure);
  if (!first) return new OperatorError(`${outcome}.`);
  const reason = (first.reason ?? first.status).replace(/\s+/g, ' ').replace(/\.$/, '');
  const advice = hintFor(reason);
  const why = `${first.resource} (${first.type}) failed: ${reason}`;
  return new OperatorError(`${why}${advice ? ` (${advice})` : ''}. ${outcome}.`);
}

function isFailure({ status }: StackEvent): boolean {
  return status.endsWith('_FAILED');
}

/** Not one of those that AWS broke off because something else had failed. */
function isOwnFailure(event: StackEvent): boolean {
  const isOther = /(creation|update|deletion) cancelled/i.test(event.reason ?? '');
  return isFailure(event) && !event.isOfStack && !isOther;
}

/** What a stack is left in when an operation could not be done, and what to do; null for a status that is none of these. */
export function explainStatus(status: string, stackName: string): string | null {
  const down = formatCommand({ stackName }, 'down');
  const stuck = 'it is stuck between old and new. AWS goes back with: aws cloudformation';
  const says: Record<string, string> = {
    CREATE_FAILED: `not everything is made. First: ${down}`,
    ROLLBACK_COMPLETE: `what was made is removed. First: ${down}`,
    ROLLBACK_FAILED: `not all of what was made could be removed. First: ${down}`,
    DELETE_FAILED: `not everything is removed. Again: ${down}`,
    UPDATE_ROLLBACK_COMPLETE: 'everything is as it was before',
    UPDATE_ROLLBACK_FAILED: `${stuck} continue-update-rollback --stack-name ${stackName}`,
    UPDATE_FAILED: `${stuck} rollback-stack --stack-name ${stackName}`,
  };
  return says[status] ?? null;
}

import { OperatorError } from '../../errors.ts';
import { adviseOn } from './advice.ts';
import type { StackEvent } from './events.ts';

const AFTERWARDS: Record<string, string> = {
  ROLLBACK_COMPLETE: 'what was made is removed. First: npm run cloud -- down',
  ROLLBACK_FAILED: 'not all of what was made could be removed. First: npm run cloud -- down',
  CREATE_FAILED: 'First: npm run cloud -- down',
  DELETE_FAILED: 'not everything is removed. Again: npm run cloud -- down',
  UPDATE_ROLLBACK_COMPLETE: 'everything is as it was before',
  UPDATE_ROLLBACK_FAILED:
    'it is stuck between old and new. AWS tries again with: aws cloudformation continue-update-rollback',
  UPDATE_FAILED:
    'it is stuck between old and new. AWS undoes it with: aws cloudformation rollback-stack',
};

/**
 * Says why an operation failed: with what failed first, from which all else follows.
 * @param events all of the operation, the oldest first
 */
export function explainFailure(
  stackName: string,
  status: string,
  events: StackEvent[],
): OperatorError {
  const afterwards = sayAfterwards(status, stackName);
  const outcome = `The stack ${stackName} is ${status}${afterwards ? `: ${afterwards}` : ''}`;
  const first = events.find(isOwnFailure) ?? events.find(isFailure);
  if (!first) return new OperatorError(`${outcome}.`);
  const reason = (first.reason ?? first.status).replace(/\s+/g, ' ').replace(/\.$/, '');
  const advice = adviseOn(reason);
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

/** What a stack of this status is left in, and what to do about it; null where nothing is to be done. */
export function sayAfterwards(status: string, stackName: string): string | null {
  const what = AFTERWARDS[status];
  if (what === undefined) return null;
  if (what.includes('npm run')) {
    return stackName === 'minitwit' ? what : `${what} --stack ${stackName}`;
  }
  return what.includes('aws cloudformation') ? `${what} --stack-name ${stackName}` : what;
}

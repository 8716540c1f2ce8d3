import { OperatorError } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import { formatCommand } from '../format-command.ts';
import type { StackEvent } from './events.ts';
import { explainReason } from './hints.ts';

/**
 * Returns the error for a failed operation. Its message has the first failure, which caused all others, with a hint,
 * the status of the stack, and what to do.
 * @param events all events of the operation, oldest first
 */
export function explainFailure(
  context: Pick<CloudContext, 'stackName'>,
  status: string,
  events: StackEvent[],
): OperatorError {
  const first = events.find(isRootCause) ?? events.find(isFailure);
  const sentences = [
    first &&
      `${first.resource} (${first.type}) failed: ${explainReason(first.reason ?? first.status, context)}`,
    ...events
      .filter((it) => it !== first && wasNotRemoved(it))
      .map((event) => formatNotRemoved(event, context)),
    `The stack ${context.stackName} is ${status}.`,
    explainStatus(status, context),
  ];
  return new OperatorError(sentences.filter(Boolean).join(' '));
}

/** Returns whether a rollback could not remove a resource. */
function wasNotRemoved({ isOfStack, status }: StackEvent): boolean {
  return status === 'DELETE_FAILED' && !isOfStack;
}

function formatNotRemoved(
  { resource, type, reason }: StackEvent,
  context: Pick<CloudContext, 'stackName'>,
): string {
  const why = explainReason(reason ?? 'AWS returned no reason', context);
  return `${resource} (${type}) could not be removed, and may cost: ${why}`;
}

function isFailure({ status }: StackEvent): boolean {
  return status.endsWith('_FAILED');
}

/** Returns whether a resource failed by itself. AWS cancels the operations on other resources after a failure. */
function isRootCause(event: StackEvent): boolean {
  const wasCancelled = /(creation|update|deletion) cancelled/i.test(event.reason ?? '');
  return isFailure(event) && !event.isOfStack && !wasCancelled;
}

/**
 * Returns sentences that explain the status of a stack after a failed operation, and what to do. Null for other
 * statuses.
 */
export function explainStatus(
  status: string,
  context: Pick<CloudContext, 'stackName'>,
): string | null {
  const down = formatCommand(context, 'down');
  const ofStack = `--stack-name ${context.stackName}`;
  const explanations: Record<string, string> = {
    CREATE_FAILED: `Some resources were not created. Run ${down} first.`,
    ROLLBACK_COMPLETE: `The resources that were created are removed. AWS may retain automated backups of the database, which \`down\` lists with their cost. Run ${down} first.`,
    ROLLBACK_FAILED: `Some resources could not be removed. Run ${down} first.`,
    DELETE_FAILED: `Some resources could not be removed. Run ${down} again.`,
    UPDATE_ROLLBACK_COMPLETE: 'It is unchanged, since AWS rolled back.',
    UPDATE_ROLLBACK_FAILED: `AWS could not roll back. Run aws cloudformation continue-update-rollback ${ofStack} to continue.`,
    UPDATE_FAILED: `It is partly changed. Run aws cloudformation rollback-stack ${ofStack} to roll back.`,
  };
  return explanations[status] ?? null;
}

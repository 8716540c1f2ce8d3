import { DeleteStackCommand, type Parameter } from '@aws-sdk/client-cloudformation';
import { wasRefused, withAwsError } from '../../aws/errors.ts';
import { cleanupPollOptions } from '../../aws/poll-options.ts';
import { poll } from '../../cli/poll.ts';
import { createRunId } from '../../cli/run-id.ts';
import { errorMessage } from '../../errors/error-message.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import { formatCommand } from '../format-command.ts';
import {
  type ChangeSetRequest,
  createChangeSet,
  deleteChangeSet,
  executeChangeSet,
  readChangeSet,
} from './change-set.ts';
import { formatChanges, listDataLosses, type ResourceChange } from './resource-changes.ts';
import { findLastEventId } from './events.ts';
import { findStack, isEmpty, type Stack } from './stack.ts';
import { watchStack } from './watch-stack.ts';

const REMOVED_MAX_MS = 5 * 60_000;

/** A new state of the stack. */
export interface StackUpdate {
  /** Null to reuse the template of the stack. */
  template: string | null;
  parameters: Parameter[];
  dryRun: boolean;
  /** Whether the change may delete the database's data. */
  mayReplaceDatabase?: boolean;
}

/**
 * Creates or changes the stack, and watches the operation to its end. Prints the changes first. A dry run only prints
 * them. A change set that is not executed is deleted.
 * @param stack null to create the stack
 * @returns the changed stack; null after a dry run, and when there is nothing to change
 * @throws OperatorError when the change would delete the database's data, and the errors of `watchStack`
 */
export async function changeStack(
  cloud: CloudContext,
  stack: Stack | null,
  { dryRun, mayReplaceDatabase = false, ...update }: StackUpdate,
): Promise<Stack | null> {
  const name = `minitwit-${createRunId(new Date())}`;
  const request: ChangeSetRequest = { ...update, name, kind: stack ? 'UPDATE' : 'CREATE' };
  const stackId = await requestChangeSet(cloud, request);
  let started: { since: string | null } | null = null;
  try {
    const changes = await readChangeSet(cloud, name);
    printChanges(cloud, changes);
    if (changes && !mayReplaceDatabase) assertNoDataLoss(cloud, changes);
    if (changes && !dryRun) started = { since: await execute(cloud, stackId, name) };
  } catch (error) {
    await discardChangeSet(cloud, request, error);
    throw error;
  }
  if (started) return watchStack(cloud, stackId, started.since);
  await discardChangeSet(cloud, request, null);
  return null;
}

/** Creates a change set and returns the id of its stack. */
async function requestChangeSet(cloud: CloudContext, request: ChangeSetRequest): Promise<string> {
  cloud.signal.throwIfAborted();
  cloud.log('Creating a change set …');
  try {
    return await createChangeSet(cloud, request);
  } catch (error) {
    // If a response was lost, the change set exists.
    if (!wasRefused(error)) await discardChangeSet(cloud, request, error);
    throw error;
  }
}

function printChanges({ log, print }: CloudContext, changes: ResourceChange[] | null): void {
  if (!changes) log('There is nothing to change.');
  for (const line of formatChanges(changes ?? [])) print(`  ${line}`);
}

/** Executes a change set and returns the id of the last event before it. */
async function execute(cloud: CloudContext, stackId: string, name: string): Promise<string | null> {
  const since = await findLastEventId(cloud, stackId);
  cloud.signal.throwIfAborted();
  await executeChangeSet(cloud, name);
  return since;
}

function assertNoDataLoss(cloud: CloudContext, changes: ResourceChange[]): void {
  const losses = listDataLosses(changes);
  if (losses.length === 0) return;
  throw new OperatorError(
    `This change would delete the data in the database: ${formatChanges(losses).join(', ')}. Nothing was changed. To ` +
      `replace the database by a snapshot, run ${formatCommand(cloud, 'restore SNAPSHOT')}. To remove it, run ` +
      `${formatCommand(cloud, 'down')}.`,
  );
}

/**
 * Deletes a change set, and the stack if it is empty.
 * @param reason the error that stopped the change, or null
 * @throws OperatorError when this fails, with the reason and with what may still exist
 */
async function discardChangeSet(
  cloud: CloudContext,
  { name, kind }: ChangeSetRequest,
  reason: unknown,
): Promise<void> {
  const { stackName } = cloud;
  try {
    await deleteChangeSet(cloud, name);
    if (kind === 'CREATE') await removeEmptyStack(cloud);
  } catch (error) {
    const remaining =
      kind === 'CREATE'
        ? `the empty stack ${stackName}. Run ${formatCommand(cloud, 'up')} to continue with it.`
        : `the change set ${name}: aws cloudformation delete-change-set --stack-name ${stackName} --change-set-name ${name}`;
    const messages = reason === null ? [error] : [reason, error];
    throw new OperatorError(
      `${messages.map(errorMessage).join('\n')}\nThis may still exist: ${remaining}`,
      { cause: reason },
    );
  }
}

/** Removes a stack that has no resources, because its first change set was not executed. */
async function removeEmptyStack(cloud: CloudContext): Promise<void> {
  const { clients, stackName } = cloud;
  const tryRemove = async () => {
    const stack = await findStack(cloud);
    if (!stack || !isEmpty(stack)) return { done: undefined };
    const request = clients.cloudFormation.send(new DeleteStackCommand({ StackName: stack.id }));
    await withAwsError(`Cannot remove the empty stack ${stackName}`, request);
    return { pending: stack.status };
  };
  await poll(`The empty stack ${stackName}`, tryRemove, cleanupPollOptions(cloud, REMOVED_MAX_MS));
}

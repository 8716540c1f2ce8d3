import { DeleteStackCommand, type Parameter } from '@aws-sdk/client-cloudformation';
import { withAwsError, wasRefused } from '../../aws/errors.ts';
import { createRunId } from '../../cli/run-id.ts';
import { cleanupPollOptions } from '../../aws/poll-options.ts';
import { poll } from '../../cli/poll.ts';
import { errorMessage } from '../../errors/error-message.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import { formatCommand } from '../format-command.ts';
import {
  createChangeSet,
  deleteChangeSet,
  executeChangeSet,
  type ChangeSetRequest,
  readChangeSet,
} from './change-set.ts';
import { type ResourceChange, listDataLosses, formatChanges } from './changes.ts';
import { findLastEventId } from './events.ts';
import { findStack, isEmpty, type Stack } from './stack.ts';
import { watchStack } from './watch.ts';

const REMOVED_MAX_MS = 5 * 60_000;

/** What the stack is to become. */
export interface StackUpdate {
  /** Null for the template that the stack has. */
  template: string | null;
  parameters: Parameter[];
  dryRun: boolean;
  /** Whether it is meant that the database is replaced. */
  mayReplaceDatabase?: boolean;
}

/**
 * Makes a stack, or changes it, after it has shown what that changes, and watches it to its end. A dry run only shows.
 * What it does not go on with leaves nothing behind.
 * @param stack null to make one
 * @returns the stack as it is then; null after a dry run, and when nothing would change
 * @throws OperatorError when the database would be lost, and what `watchStack` throws
 */
export async function changeStack(
  cloud: CloudContext,
  stack: Stack | null,
  { dryRun, mayReplaceDatabase = false, ...wish }: StackUpdate,
): Promise<Stack | null> {
  const name = `minitwit-${createRunId(new Date())}`;
  const order: ChangeSetRequest = { ...wish, name, kind: stack ? 'UPDATE' : 'CREATE' };
  const stackId = await makeChangeSet(cloud, order);
  if (stackId === null) {
    printChanges(cloud, null);
    return null;
  }
  let begun: { since: string | null } | null = null;
  try {
    const changes = await readChangeSet(cloud, name);
    printChanges(cloud, changes);
    if (changes && !mayReplaceDatabase) assertNoDataLoss(cloud, changes);
    if (changes && !dryRun) begun = { since: await begin(cloud, stackId, name) };
  } catch (error) {
    await discard(cloud, order, error);
    throw error;
  }
  if (begun) return watchStack(cloud, stackId, begun.since);
  await discard(cloud, order, null);
  return null;
}

/** Gives the stack's id; null when AWS says at once that nothing would change. */
async function makeChangeSet(cloud: CloudContext, order: ChangeSetRequest): Promise<string | null> {
  cloud.signal.throwIfAborted();
  cloud.log('Finding out what changes …');
  try {
    return await createChangeSet(cloud, order);
  } catch (error) {
    // one whose answer was lost is there
    if (!wasRefused(error)) await discard(cloud, order, error);
    throw error;
  }
}

function printChanges({ log, print }: CloudContext, changes: ResourceChange[] | null): void {
  if (!changes) log('There is nothing to change.');
  for (const line of formatChanges(changes ?? [])) print(`  ${line}`);
}

/** Has AWS begin; gives the id of the event before. */
async function begin(cloud: CloudContext, stackId: string, name: string): Promise<string | null> {
  const since = await findLastEventId(cloud, stackId);
  cloud.signal.throwIfAborted();
  await executeChangeSet(cloud, name);
  return since;
}

function assertNoDataLoss(cloud: CloudContext, changes: ResourceChange[]): void {
  const losses = listDataLosses(changes);
  if (losses.length === 0) return;
  const lines = formatChanges(losses).join(', ');
  throw new OperatorError(
    `This would lose what is in the database: ${lines}. Nothing was changed. To have another database, made of a ` +
      `snapshot: ${formatCommand(cloud, 'restore SNAPSHOT')}; to end it: ${formatCommand(cloud, 'down')}`,
  );
}

/** Removes what was made only to find out, unless the stack has begun to change after all. */
async function discard(
  cloud: CloudContext,
  { name, kind }: ChangeSetRequest,
  why: unknown,
): Promise<void> {
  const { stackName } = cloud;
  try {
    await deleteChangeSet(cloud, name);
    if (kind === 'CREATE') await removeEmptyStack(cloud);
  } catch (error) {
    const left =
      kind === 'CREATE'
        ? `the stack ${stackName}, with nothing in it: ${formatCommand(cloud, 'up')} goes on with it`
        : `the change set ${name}: aws cloudformation delete-change-set --stack-name ${stackName} --change-set-name ${name}`;
    const lines = [...(why === null ? [] : [errorMessage(why)]), errorMessage(error)];
    throw new OperatorError(`${lines.join('\n')}\nThis may still exist: ${left}`, { cause: why });
  }
}

/** A stack of which there is but the name, since nobody went on with its change set. */
async function removeEmptyStack(cloud: CloudContext): Promise<void> {
  const { clients, stackName } = cloud;
  const look = async () => {
    const stack = await findStack(cloud);
    if (!stack || !isEmpty(stack)) return { done: undefined };
    const request = clients.cloudFormation.send(new DeleteStackCommand({ StackName: stack.id }));
    await withAwsError(`Cannot remove the empty stack ${stackName}`, request);
    return { pending: stack.status };
  };
  await poll(`The empty stack ${stackName}`, look, cleanupPollOptions(cloud, REMOVED_MAX_MS));
}

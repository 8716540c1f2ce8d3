import { DeleteStackCommand, type Parameter } from '@aws-sdk/client-cloudformation';
import { ask } from '../../aws/failures.ts';
import { createRunId } from '../../aws/run-id.ts';
import { waitFor } from '../../aws/wait.ts';
import { messageOf, OperatorError } from '../../errors.ts';
import type { Cloud } from '../cloud.ts';
import {
  createChangeSet,
  deleteChangeSet,
  executeChangeSet,
  type Order,
  readChangeSet,
} from './change-set.ts';
import { type Change, chooseDatabaseLosses, sayChanges } from './changes.ts';
import { findLastEvent } from './events.ts';
import { findStack, isEmpty, type Stack } from './stack.ts';
import { watchStack } from './watch.ts';

const REMOVED_MAX_MS = 5 * 60_000;

/** What the stack is to become. */
export interface Wish {
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
  cloud: Cloud,
  stack: Stack | null,
  { dryRun, mayReplaceDatabase = false, ...wish }: Wish,
): Promise<Stack | null> {
  const name = `minitwit-${createRunId(new Date())}`;
  const order: Order = { ...wish, name, kind: stack ? 'UPDATE' : 'CREATE' };
  let begun: { stackId: string; since: string | null } | null = null;
  try {
    const found = await findChanges(cloud, order);
    if (found && !mayReplaceDatabase) refuseLosses(found.changes);
    if (found && !dryRun) begun = await begin(cloud, found.stackId, name);
  } catch (error) {
    await discard(cloud, order, error);
    throw error;
  }
  if (begun) return watchStack(cloud, begun.stackId, begun.since);
  await discard(cloud, order, null);
  return null;
}

/** Shows what would change; null when nothing would. */
async function findChanges(
  cloud: Cloud,
  order: Order,
): Promise<{ stackId: string; changes: Change[] } | null> {
  cloud.signal.throwIfAborted();
  cloud.tell('Finding out what changes …');
  const created = await createChangeSet(cloud, order);
  const changes = created && (await readChangeSet(cloud, order.name));
  if (!changes) {
    cloud.tell('There is nothing to change.');
    return null;
  }
  for (const line of sayChanges(changes)) cloud.print(`  ${line}`);
  return { stackId: created.stackId, changes };
}

async function begin(cloud: Cloud, stackId: string, name: string) {
  const since = await findLastEvent(cloud, stackId);
  cloud.signal.throwIfAborted();
  await executeChangeSet(cloud, name);
  return { stackId, since };
}

function refuseLosses(changes: Change[]): void {
  const losses = chooseDatabaseLosses(changes);
  if (losses.length === 0) return;
  const lines = sayChanges(losses).join(', ');
  throw new OperatorError(
    `This would lose what is in the database: ${lines}. Nothing was changed. To have another database, made of a ` +
      'snapshot: npm run cloud -- restore SNAPSHOT; to end it: npm run cloud -- down.',
  );
}

/** Removes what was made only to find out, unless the stack has begun to change after all. */
async function discard(cloud: Cloud, { name, kind }: Order, why: unknown): Promise<void> {
  const { stackName } = cloud;
  try {
    await deleteChangeSet(cloud, name);
    if (kind === 'CREATE') await removeEmptyStack(cloud);
  } catch (error) {
    const left =
      kind === 'CREATE'
        ? 'the empty stack, which costs nothing; npm run cloud -- down removes it'
        : `the change set ${name}: aws cloudformation delete-change-set --stack-name ${stackName} --change-set-name ${name}`;
    const lines = [...(why === null ? [] : [messageOf(why)]), messageOf(error)];
    throw new OperatorError(`${lines.join('\n')}\nThis may still exist: ${left}`, { cause: why });
  }
}

/** A stack of which there is but the name, since nobody went on with its change set. */
async function removeEmptyStack(cloud: Cloud): Promise<void> {
  const { clients, stackName, undoing } = cloud;
  const look = async () => {
    const stack = await findStack(cloud);
    if (!stack || !isEmpty(stack)) return { answer: undefined };
    const request = clients.cloudFormation.send(new DeleteStackCommand({ StackName: stack.id }));
    await ask(`Cannot remove the empty stack ${stackName}`, request);
    return { state: stack.status };
  };
  await waitFor(`The empty stack ${stackName}`, look, undoing(REMOVED_MAX_MS));
}

import { alignColumns } from '../../cli/table.ts';
import { pollOptions } from '../../aws/poll-options.ts';
import { poll } from '../../cli/poll.ts';
import { errorMessage } from '../../errors/error-message.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import { formatCommand } from '../format-command.ts';
import { removeUnfinishedBuilds, type UnfinishedBuild } from '../image/unfinished-builds.ts';
import { assertWarehouseIdle } from '../teardown/assert-warehouse-idle.ts';
import { listRetainedResources } from '../teardown/retained-resources.ts';
import { listOrphans } from '../teardown/orphans.ts';
import { removeRetainedResources, printRemaining } from '../teardown/remaining.ts';
import { removeStack } from '../stack/remove-stack.ts';
import { listResources, type StackResource } from '../stack/resources.ts';
import { findStack, type Stack } from '../stack/stack.ts';

const GONE_MAX_MS = 5 * 60_000;

/** How the stack is removed. */
export interface DownOptions {
  /** Also what outlives the stack. */
  everything: boolean;
  dryRun: boolean;
  /** Prompts the operator, and returns the answer. */
  prompt: (question: string) => Promise<string>;
}

/**
 * Removes the stack, once its name is typed, and makes sure that nothing of it is left but what is named, with what
 * that costs: the database's snapshots, images, what the warehouse has; with `everything` that goes, too. Broken
 * off, it goes on when it is called again.
 */
export async function down(cloud: CloudContext, options: DownOptions): Promise<void> {
  const stack = await findStack(cloud);
  const resources = stack ? await listResources(cloud, stack.id) : [];
  await assertWarehouseIdle(cloud, resources);
  const isForMore = await showPlan(cloud, stack, resources, options);
  if (options.dryRun) return cloud.print('Nothing was removed.');
  // one that is being removed was asked for already
  const isBegun = stack === null || stack.status === 'DELETE_IN_PROGRESS';
  if (!isBegun || isForMore) await confirm(cloud, options.prompt);

  if (stack) await removeStack(cloud, stack);
  await waitUntilGone(cloud, resources);
  await printRemaining(cloud, await removeRest(cloud, options));
}

/** Removes what is of no stack; neither kind keeps the other from going. Gives the images that may be in the making. */
async function removeRest(
  cloud: CloudContext,
  { everything }: DownOptions,
): Promise<UnfinishedBuild[]> {
  const problems: unknown[] = [];
  const note = (error: unknown): undefined => void problems.push(error);
  if (everything) await removeRetainedResources(cloud).catch(note);
  cloud.signal.throwIfAborted();
  const builds = await removeUnfinishedBuilds(cloud).catch(note);
  cloud.signal.throwIfAborted();
  if (builds && problems.length === 0) return builds;
  if (problems.length === 1) throw problems[0];
  const cause = new AggregateError(problems);
  throw new OperatorError(problems.map(errorMessage).join('\n'), { cause });
}

/** Says what there is; gives whether more than the stack is to go. */
async function showPlan(
  cloud: CloudContext,
  stack: Stack | null,
  resources: StackResource[],
  { everything }: DownOptions,
): Promise<boolean> {
  const { print, stackName } = cloud;
  const kept = await listRetainedResources(cloud);
  const isKept = new Set(kept.map(({ id }) => id));
  if (!stack) print(`There is no stack ${stackName} in this region.`);
  else {
    print(`The stack ${stackName} (${stack.status}) is removed, with:`);
    const going = resources.filter(({ id }) => !isKept.has(id));
    for (const line of describeResources(going)) print(`  ${line}`);
    if (going.some(({ type }) => type === 'AWS::RDS::DBInstance')) {
      print(
        everything
          ? 'Of the database nothing is kept: its last snapshot is removed, too, for ever.'
          : 'Of the database a last snapshot is taken first.',
      );
    }
  }
  if (kept.length === 0) return false;
  print(everything ? 'This is removed, too, for ever:' : 'This is kept:');
  for (const line of alignColumns(kept.map(({ id, about }) => [id, about]))) print(`  ${line}`);
  return everything;
}

function describeResources(resources: StackResource[]): string[] {
  return alignColumns(resources.map(({ name, type, id }) => [name, type, id]));
}

async function confirm({ stackName }: CloudContext, prompt: DownOptions['prompt']): Promise<void> {
  const name = await prompt(`To remove all this, type the name of the stack (${stackName}): `);
  if (name.trim() === stackName) return;
  throw new OperatorError(`That is not ${stackName}: nothing was removed.`);
}

/** AWS may go on showing for a while what is gone. */
async function waitUntilGone(cloud: CloudContext, resources: StackResource[]): Promise<void> {
  const look = async () => {
    const left = await listOrphans(cloud, resources);
    return left.length === 0 ? { done: undefined } : { pending: left.join('; ') };
  };
  try {
    await poll('What is left of the stack', look, pollOptions(cloud, GONE_MAX_MS));
  } catch (error) {
    cloud.signal.throwIfAborted();
    throw new OperatorError(
      `${errorMessage(error)} It may go on costing: remove it by hand, and look again with ${formatCommand(cloud, 'down')}.`,
      { cause: error },
    );
  }
}

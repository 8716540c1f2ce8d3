import { alignColumns } from '../../cli/table.ts';
import { pollOptions } from '../../aws/poll-options.ts';
import { poll } from '../../cli/poll.ts';
import { errorMessage } from '../../errors/error-message.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import { formatPriced } from '../costs/priced-resource.ts';
import { listDatabases } from '../database/databases.ts';
import { formatCommand } from '../format-command.ts';
import {
  formatPlannedRemoval,
  listUnfinishedBuilds,
  removeUnfinishedBuilds,
  type UnfinishedBuild,
} from '../image/unfinished-builds.ts';
import { formatBackupPlan } from '../teardown/backup-plan.ts';
import { assertWarehouseIdle } from '../teardown/assert-warehouse-idle.ts';
import { listRetainedResources } from '../teardown/retained-resources.ts';
import { listOrphans } from '../teardown/orphans.ts';
import { addCosts, explainRemainingCosts } from '../teardown/remaining-costs.ts';
import { removeRetainedResources, printRemaining } from '../teardown/remaining.ts';
import { unprotectAndRemove } from '../protection/protections.ts';
import { removeStack, waitUntilRemovable } from '../stack/remove-stack.ts';
import { listResources, type StackResource } from '../stack/resources.ts';
import { findStack, type Stack } from '../stack/stack.ts';
import type { Prompt } from '../../cli/prompt.ts';
import { confirmStackName } from './confirm.ts';

const GONE_MAX_MS = 5 * 60_000;

/** The options of `down`. */
export interface DownOptions {
  /** Whether the retained resources are removed, too. */
  everything: boolean;
  dryRun: boolean;
  /** Prompts the operator, and returns the answer. */
  prompt: Prompt;
}

/**
 * Removes the stack, after the operator has typed its name, and checks that all its resources are deleted. Prints the
 * retained resources and their cost: snapshots of the database, images, and the resources of the warehouse. With
 * `everything`, removes those, too. An interrupted `down` continues when it is run again.
 * @throws OperatorError when the name is wrong, when the warehouse runs, or with the resources that cannot be removed
 */
export async function down(cloud: CloudContext, options: DownOptions): Promise<void> {
  const stack = await findStack(cloud);
  const resources = stack ? await listResources(cloud, stack.id) : [];
  await assertWarehouseIdle(cloud, resources);
  const removesRetained = await printPlan(cloud, stack, resources, options);
  if (options.dryRun) return cloud.print('Nothing was removed.');
  // The deletion that is in progress was confirmed when it started.
  const isConfirmed = stack === null || stack.status === 'DELETE_IN_PROGRESS';
  if (!isConfirmed || removesRetained) {
    await confirmStackName(cloud, options.prompt, 'Nothing was removed.');
  }

  if (stack) {
    await removeProtectedStack(cloud, stack).catch(async (error: unknown) => {
      throw await addCosts(cloud, error, explainRemainingCosts);
    });
  }
  await waitUntilGone(cloud, resources);
  await printRemaining(cloud, await removeOutsideStack(cloud, options));
}

async function removeProtectedStack(cloud: CloudContext, stack: Stack): Promise<void> {
  await waitUntilRemovable(cloud, stack);
  const remove = () => removeStack(cloud, stack);
  // AWS accepts no change of the protection while it deletes the stack.
  if (stack.status === 'DELETE_IN_PROGRESS') await remove();
  else await unprotectAndRemove(cloud, stack, remove);
}

/**
 * Removes resources outside the stack: unfinished builds and, with `everything`, retained resources. A failure of one
 * kind does not prevent the other. Returns the builds that may still be active.
 */
async function removeOutsideStack(
  cloud: CloudContext,
  { everything }: DownOptions,
): Promise<UnfinishedBuild[]> {
  const problems: unknown[] = [];
  const collectProblem = (error: unknown): undefined => void problems.push(error);
  if (everything) await removeRetainedResources(cloud).catch(collectProblem);
  cloud.signal.throwIfAborted();
  const builds = await removeUnfinishedBuilds(cloud).catch(collectProblem);
  cloud.signal.throwIfAborted();
  if (builds && problems.length === 0) return builds;
  if (problems.length === 1) throw problems[0];
  const cause = new AggregateError(problems);
  throw new OperatorError(problems.map(errorMessage).join('\n'), { cause });
}

/** Prints the resources that are removed and retained. Returns whether retained resources are removed, too. */
async function printPlan(
  cloud: CloudContext,
  stack: Stack | null,
  resources: StackResource[],
  { everything }: DownOptions,
): Promise<boolean> {
  const { print, stackName } = cloud;
  const retained = await listRetainedResources(cloud);
  const retainedIds = new Set(retained.map(({ id }) => id));
  if (!stack) print(`There is no stack ${stackName} in this region.`);
  else {
    print(`This removes the stack ${stackName} (${stack.status}), with these resources:`);
    const removed = resources.filter(({ id }) => !retainedIds.has(id));
    for (const line of formatResources(removed)) print(`  ${line}`);
    const databases = await listDatabases(cloud.clients.rds, stackName);
    for (const line of formatBackupPlan(cloud, stack, { databases, everything })) print(line);
  }
  for (const build of await listUnfinishedBuilds(cloud.clients)) print(formatPlannedRemoval(build));
  if (retained.length === 0) return false;
  print(everything ? 'It also removes these resources:' : 'It retains these resources:');
  for (const line of alignColumns(retained.map(({ id, about }) => [id, about]))) print(`  ${line}`);
  return everything;
}

function formatResources(resources: StackResource[]): string[] {
  return alignColumns(resources.map(({ name, type, id }) => [name, type, id]));
}

/** Polls until no resource of the stack exists. AWS may list a deleted resource for some time. */
async function waitUntilGone(cloud: CloudContext, resources: StackResource[]): Promise<void> {
  const request = async () => {
    const orphans = await listOrphans(cloud, resources);
    return orphans.length === 0
      ? { done: undefined }
      : { pending: orphans.map(formatPriced).join('; ') };
  };
  try {
    await poll('The resources of the stack', request, pollOptions(cloud, GONE_MAX_MS));
  } catch (error) {
    cloud.signal.throwIfAborted();
    throw new OperatorError(
      `${errorMessage(error)} Delete them by hand, then run ${formatCommand(cloud, 'down')} again.`,
      { cause: error },
    );
  }
}

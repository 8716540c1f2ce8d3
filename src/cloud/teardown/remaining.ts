import { alignColumns } from '../../cli/table.ts';
import { pollOptions } from '../../aws/poll-options.ts';
import { poll } from '../../cli/poll.ts';
import { errorMessage } from '../../errors/error-message.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import { formatCommand } from '../format-command.ts';
import { formatMonthlyCost } from '../costs/costs.ts';
import { listStackSnapshots } from '../database/snapshots.ts';
import type { UnfinishedBuild } from '../image/unfinished-builds.ts';
import { listRetainedResources } from './retained-resources.ts';
import { listOtherStacks } from './other-stacks.ts';
import type { RetainedResource } from './retained-resource.ts';

const GONE_MAX_MS = 5 * 60_000;

/**
 * Removes all retained resources. A resource that cannot be removed does not prevent the removal of the others.
 * @throws OperatorError with the resources that could not be removed, and why
 */
export async function removeRetainedResources(cloud: CloudContext): Promise<void> {
  const tried = new Set<string>();
  const listUntried = async () => {
    const retained = await listRetainedResources(cloud);
    const untried = retained.filter(({ id }) => !tried.has(id));
    if (retained.length === 0 || untried.length > 0) return { done: untried };
    return { pending: retained.map(({ id }) => id).join(', ') };
  };
  // Some resources are only listed when those that use them are removed: the snapshots of an image, for example.
  for (;;) {
    const untried = await poll('Removed resources', listUntried, pollOptions(cloud, GONE_MAX_MS));
    if (untried.length === 0) return;
    await removeEach(cloud, untried);
    for (const { id } of untried) tried.add(id);
  }
}

async function removeEach(cloud: CloudContext, resources: RetainedResource[]): Promise<void> {
  const { signal, log } = cloud;
  const problems: string[] = [];
  for (const { id, about, remove } of resources) {
    signal.throwIfAborted();
    log(`Removing ${id}, ${about} …`);
    await remove().catch((error: unknown) => problems.push(`\n  ${id}: ${errorMessage(error)}`));
  }
  signal.throwIfAborted();
  if (problems.length === 0) return;
  throw new OperatorError(
    `These resources could not be removed, and continue to cost:${problems.join('')}\n` +
      `Correct this, then run ${formatCommand(cloud, 'down --everything')} again.`,
  );
}

/**
 * Prints the resources that exist without the stack, with their costs.
 * @param builds the unfinished images that another process may still be creating
 */
export async function printRemaining(
  cloud: CloudContext,
  builds: UnfinishedBuild[] = [],
): Promise<void> {
  const { clients, print, stackName } = cloud;
  const [retained, otherStacks, snapshots] = await Promise.all([
    listRetainedResources(cloud),
    listOtherStacks(cloud),
    listStackSnapshots(clients.rds, stackName),
  ]);
  if (retained.length + builds.length === 0) print(`No resources of ${stackName} remain.`);
  else {
    print(`Remaining resources of ${stackName}:`);
    const rows = [
      ...retained.map(({ id, about, monthly }) => [id, about, formatMonthlyCost(monthly)]),
      ...builds.map(({ runId }) => [runId, 'an image that another process may be creating']),
    ];
    for (const line of alignColumns(rows)) print(`  ${line}`);
  }
  if (retained.length > 0) {
    print(`Run ${formatCommand(cloud, 'down --everything')} to remove them.`);
  }
  const [last] = snapshots;
  if (last) print(`The newest snapshot of the database is ${last.id}.`);
  if (otherStacks.length > 0) {
    print(
      `Resources that belong to no stack, such as images, are retained for ${otherStacks.join(', ')}.`,
    );
  }
  if (builds.length > 0) {
    print(`When that image is complete or cancelled, run ${formatCommand(cloud, 'down')} again.`);
  }
}

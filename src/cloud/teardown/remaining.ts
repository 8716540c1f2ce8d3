import { alignColumns } from '../../cli/table.ts';
import { pollOptions } from '../../aws/poll-options.ts';
import { poll } from '../../cli/poll.ts';
import { errorMessage } from '../../errors/error-message.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import { formatCommand } from '../format-command.ts';
import { formatMonthlyCost } from '../costs/costs.ts';
import type { Unfinished } from '../image/unfinished.ts';
import { listStackSnapshots } from './database-snapshots.ts';
import { listRetainedResources } from './retained-resources.ts';
import { listOtherStacks } from './other-stacks.ts';
import type { RetainedResource } from './retained-resource.ts';

const GONE_MAX_MS = 5 * 60_000;

/**
 * Removes what outlives the stack. What cannot be removed keeps nothing else from going.
 * @throws OperatorError that says what is left, and why
 */
export async function removeRetainedResources(cloud: CloudContext): Promise<void> {
  const tried = new Set<string>();
  const look = async () => {
    const left = await listRetainedResources(cloud);
    const untried = left.filter(({ id }) => !tried.has(id));
    if (left.length === 0 || untried.length > 0) return { done: untried };
    return { pending: left.map(({ id }) => id).join(', ') };
  };
  // some are seen only when what was made of them is gone
  for (;;) {
    const untried = await poll('What was removed', look, pollOptions(cloud, GONE_MAX_MS));
    if (untried.length === 0) return;
    await removeEach(cloud, untried);
    for (const { id } of untried) tried.add(id);
  }
}

async function removeEach(cloud: CloudContext, remains: RetainedResource[]): Promise<void> {
  const { signal, log } = cloud;
  const problems: string[] = [];
  for (const { id, about, remove } of remains) {
    signal.throwIfAborted();
    log(`Removing ${id}, ${about} …`);
    await remove().catch((error: unknown) => problems.push(`\n  ${id}: ${errorMessage(error)}`));
  }
  signal.throwIfAborted();
  if (problems.length === 0) return;
  throw new OperatorError(
    `Not everything could be removed, and what is left goes on costing:${problems.join('')}\n` +
      `Once that is mended: ${formatCommand(cloud, 'down --everything')}`,
  );
}

/**
 * Says what is there although there is no stack, and what that costs.
 * @param builds the images that may be in the making, which leave more
 */
export async function printRemaining(
  cloud: CloudContext,
  builds: Unfinished[] = [],
): Promise<void> {
  const { print, stackName } = cloud;
  const [kept, others, snapshots] = await Promise.all([
    listRetainedResources(cloud),
    listOtherStacks(cloud),
    listStackSnapshots(cloud),
  ]);
  if (kept.length + builds.length === 0) print(`Nothing of ${stackName} is left.`);
  else {
    print(`Of ${stackName} nothing is left but:`);
    const rows = [
      ...kept.map(({ id, about, monthly }) => [id, about, formatMonthlyCost(monthly)]),
      ...builds.map(({ runId }) => [runId, 'an image that may be in the making elsewhere']),
    ];
    for (const line of alignColumns(rows)) print(`  ${line}`);
  }
  if (kept.length > 0) print(`${formatCommand(cloud, 'down --everything')} removes this, too.`);
  const [last] = snapshots;
  if (last) print(`The last snapshot of the database is ${last.id}.`);
  if (others.length > 0) {
    print(`Images, and whatever else belongs to no stack, stay for ${others.join(', ')}.`);
  }
  if (builds.length > 0) {
    print(`Once that image is done or broken off, look again: ${formatCommand(cloud, 'down')}`);
  }
}

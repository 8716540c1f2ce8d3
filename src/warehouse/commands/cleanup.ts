import { type Instance, listInstances } from '../../aws/ec2/instances.ts';
import { tagFilter } from '../../aws/ec2/tags.ts';
import { RUN_TAG, type Tags } from '../../aws/tags.ts';
import { terminateAndWait, TERMINATED_MAX_MS } from '../../aws/ec2/terminate.ts';
import { pollOptions } from '../../aws/poll-options.ts';
import { errorMessage } from '../../errors/error-message.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { removeUnfinished } from '../provision/remove-unfinished.ts';
import { lockFolder, originTag } from '../run/lock.ts';
import type { WarehouseContext } from '../context.ts';
import { openRun } from '../run/active-run.ts';
import { readState, type RunState } from '../run/state.ts';
import { endInstances } from '../steps/end-instances.ts';
import { WAREHOUSE_TAG } from '../../aws/tags.ts';
import { ORIGIN_TAG, RUNNING_UNTIL_TAG } from '../tags.ts';

/**
 * Removes the resources of killed runs, provisions and restores, which are found by their tags. The lock of the folder
 * ensures that no run of this folder is active.
 * @param runId the run to end, wherever it was started; null for all runs of this folder that --keep did not leave
 *   running
 * @throws OperatorError with each resource that cannot be removed
 */
export async function cleanup(context: WarehouseContext, runId: string | null): Promise<void> {
  const lock = await lockFolder(context.folder);
  try {
    lock.setDescription('cleaning up');
    const isSelected = ({ tags }: { tags: Tags }) =>
      runId
        ? tags[RUN_TAG] === runId
        : tags[ORIGIN_TAG] === originTag(context.folder) && !tags[RUNNING_UNTIL_TAG];
    const found = await listInstances(context.ec2, [tagFilter(WAREHOUSE_TAG)]);
    const alive = found.filter(({ state }) => state !== 'terminated');
    const skipped = alive.filter((it) => !isSelected(it));
    for (const it of skipped) context.print(formatSkipped(it));

    const state = await readMatchingState(context, runId);
    const isSkipped = skipped.some((it) => it.runId === state?.runId);
    const others = alive.filter((it) => isSelected(it) && it.runId !== state?.runId);
    let unfinished = 0;
    await runAll([
      ...(state && !isSkipped ? [() => endRun(context, state)] : []),
      ...others.map((it) => () => endOtherInstance(context, it)),
      async () => {
        unfinished = await removeUnfinished(context, isSelected);
      },
    ]);
    const isEmpty = others.length === 0 && unfinished === 0 && (!state || isSkipped);
    if (isEmpty) context.print('There is nothing to clean up.');
  } finally {
    lock.release();
  }
}

/** Runs all tasks, even after one fails. Throws one OperatorError with all problems. */
async function runAll(tasks: (() => Promise<void>)[]): Promise<void> {
  const problems: string[] = [];
  for (const task of tasks) {
    await task().catch((error: unknown) => problems.push(`\n  ${errorMessage(error)}`));
  }
  if (problems.length === 0) return;
  throw new OperatorError(
    `Not everything could be removed. The remaining resources cost money; \`status\` lists them.${problems.join('')}`,
  );
}

/** Reads the state file of the folder. Returns null when it is of another run than `runId`, or cannot be read. */
async function readMatchingState(
  { folder, print }: WarehouseContext,
  runId: string | null,
): Promise<RunState | null> {
  try {
    const state = await readState(folder);
    return !runId || state?.runId === runId ? state : null;
  } catch (error) {
    print(errorMessage(error));
    return null;
  }
}

async function endRun(context: WarehouseContext, state: RunState): Promise<void> {
  const run = openRun(context, state);
  run.log(`Ending the run ${state.runId} …`);
  await endInstances(run);
  await run.forget();
  run.log(`The run ${state.runId} has ended, and ${state.volumeId} is free.`);
  if (state.results && !state.snapshotId) {
    run.log('The data that the run copied is on the volume, and will be in the next snapshot.');
  }
}

async function endOtherInstance(context: WarehouseContext, { id, runId }: Instance): Promise<void> {
  context.print(`Terminating ${id}, of the run ${runId} …`);
  const { ec2, timing } = context;
  await terminateAndWait(
    ec2,
    id,
    timing.visibilityTimeoutMs,
    pollOptions(context, TERMINATED_MAX_MS),
  );
}

function formatSkipped({ id, runId, tags }: Instance): string {
  const reason = tags[RUNNING_UNTIL_TAG]
    ? `was left running until ${tags[RUNNING_UNTIL_TAG]}`
    : `was started from ${tags[ORIGIN_TAG] ?? 'elsewhere'}`;
  return `${id} of the run ${runId} ${reason}. To end it: npm run warehouse -- cleanup ${runId}`;
}

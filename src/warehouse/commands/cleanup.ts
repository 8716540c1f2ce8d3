import { type Instance, listInstances } from '../../aws/ec2/instances.ts';
import { RUN_TAG, tagFilter, type Tags } from '../../aws/ec2/tags.ts';
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
import { ORIGIN_TAG, KEPT_UNTIL_TAG, WAREHOUSE_TAG } from '../tags.ts';

/**
 * Ends what a dead run has left behind, found by its tags. No run of this folder can be alive meanwhile; of one
 * that was kept, or that was started from elsewhere, nobody but the operator can tell.
 * @param runId the one run to end, whatever it is; null for all that were started here and not kept
 * @throws OperatorError when something cannot be ended
 */
export async function cleanup(context: WarehouseContext, runId: string | null): Promise<void> {
  const claim = await lockFolder(context.folder);
  try {
    claim.setDescription('cleaning up');
    const isMeant = ({ tags }: { tags: Tags }) =>
      runId
        ? tags[RUN_TAG] === runId
        : tags[ORIGIN_TAG] === originTag(context.folder) && !tags[KEPT_UNTIL_TAG];
    const found = await listInstances(context.ec2, [tagFilter(WAREHOUSE_TAG)]);
    const alive = found.filter(({ state }) => state !== 'terminated');
    const spared = alive.filter((it) => !isMeant(it));
    for (const it of spared) context.print(formatSpared(it));

    const state = await readMatchingState(context, runId);
    const isSpared = spared.some((it) => it.runId === state?.runId);
    const others = alive.filter((it) => isMeant(it) && it.runId !== state?.runId);
    let unfinished = 0;
    await runAll([
      ...(state && !isSpared ? [() => endRun(context, state)] : []),
      ...others.map((it) => () => endOtherInstance(context, it)),
      async () => {
        unfinished = await removeUnfinished(context, isMeant);
      },
    ]);
    const isAnythingLeft = others.length > 0 || unfinished > 0 || (state && !isSpared);
    if (!isAnythingLeft) context.print('There is nothing to clean up.');
  } finally {
    claim.release();
  }
}

/** What cannot be ended keeps nothing else from being ended. */
async function runAll(tasks: (() => Promise<void>)[]): Promise<void> {
  const problems: string[] = [];
  for (const task of tasks) {
    await task().catch((error: unknown) => problems.push(`\n  ${errorMessage(error)}`));
  }
  if (problems.length === 0) return;
  throw new OperatorError(
    `Not everything could be ended, and what is left goes on costing (\`status\` shows it):${problems.join('')}`,
  );
}

/** The run that this folder remembers, if it is meant. */
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
  run.log(`Ending what is left of the run ${state.runId} …`);
  await endInstances(run);
  await run.forget();
  run.log(`Nothing is left of it; ${state.volumeId} is free.`);
  if (state.results && !state.snapshotId) {
    run.log('What it copied is on the volume, and will be in the next snapshot.');
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

function formatSpared({ id, runId, tags }: Instance): string {
  const why = tags[KEPT_UNTIL_TAG]
    ? `was kept until ${tags[KEPT_UNTIL_TAG]}`
    : `was started from ${tags[ORIGIN_TAG] ?? 'elsewhere'}`;
  return `${id}, of the run ${runId}, ${why}: if nobody needs it, npm run warehouse -- cleanup ${runId}`;
}

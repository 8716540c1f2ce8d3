import type { CreateSnapshotCommandInput } from '@aws-sdk/client-ec2';
import { createSnapshot, findSnapshot, listSnapshots } from '../../aws/ec2/snapshots.ts';
import { tagFilter, tagSpecifications } from '../../aws/ec2/tags.ts';
import { findVolume } from '../../aws/ec2/volumes.ts';
import { formatRequest } from '../../aws/format-request.ts';
import { cleanupPollOptions } from '../../aws/poll-options.ts';
import { poll } from '../../cli/poll.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { type EndingRun, type RunStep, runTags } from '../run/active-run.ts';
import { WAREHOUSE_TAG } from '../tags.ts';
import { bestEffort } from './best-effort.ts';

const BEGUN_MAX_MS = 5 * 60_000;
const KNOWN_MAX_MS = 60_000;
// AWS writes the first one of a large volume for hours
const COMPLETED_MAX_MS = 12 * 3_600_000;

/**
 * Takes the snapshot on the way out, when the volume is free and the work was done: its place among the steps is
 * between the instance and the attaching.
 */
export const takeSnapshot: RunStep = {
  name: 'take-snapshot',
  undo: async (run) => {
    await bestEffort(run, 'The snapshot is taken when the instance has ended', async () => {
      const volume = await findVolume(run.ec2, run.state.volumeId);
      if (volume?.attachedTo) throw new OperatorError(`${volume.id} is still ${volume.attachment}`);
      await ensureRequested(run);
    });
  },
  plan: (run) => ({ undo: [formatRequest('CreateSnapshot', snapshotInput(run))] }),
};

/** Waits for the snapshot last, when there is no instance any more that would cost meanwhile. */
export const waitForSnapshot: RunStep = {
  name: 'wait-for-snapshot',
  undo: async (run) => {
    await ensureRequested(run);
    const { snapshotId } = run.state;
    if (snapshotId) await waitUntilCompleted(run, snapshotId);
  },
  formatOrphans: leftoversOfSnapshot,
  plan: () => ({}),
};

/** What AWS is asked for. */
export function snapshotInput({
  state,
}: EndingRun): CreateSnapshotCommandInput & { VolumeId: string } {
  const tags = { ...runTags(state), ...state.results };
  return {
    VolumeId: state.volumeId,
    Description: `MiniTwit's warehouse after the run ${state.runId}`,
    TagSpecifications: tagSpecifications(tags, 'snapshot'),
  };
}

/** Begins it, once, if there is anything new to keep: who comes while it is being asked for waits for the same. */
async function ensureRequested(run: EndingRun): Promise<void> {
  if (!run.state.results || run.state.snapshotId) return;
  run.snapshotRequest ??= requestSnapshot(run).finally(() => (run.snapshotRequest = null));
  await run.snapshotRequest;
}

async function requestSnapshot(run: EndingRun): Promise<void> {
  const { ec2, timing, state } = run;
  run.log('Taking a snapshot …');
  let askAgainAt = 0;
  const look = async () => {
    // one whose answer was lost, or whose id a killed process did not keep
    const taken = (await listSnapshots(ec2, [tagFilter(WAREHOUSE_TAG)])).find(
      ({ runId }) => runId === state.runId,
    );
    if (taken) return { done: taken.id };
    if (performance.now() < askAgainAt) return { pending: 'asked for, and not seen yet' };
    askAgainAt = performance.now() + timing.visibilityTimeoutMs;
    return { done: await createSnapshot(ec2, snapshotInput(run)) };
  };
  await run.record({
    snapshotId: await poll('The new snapshot', look, cleanupPollOptions(run, BEGUN_MAX_MS)),
  });
}

async function waitUntilCompleted(run: EndingRun, id: string): Promise<void> {
  const unknownUntil = performance.now() + Math.min(KNOWN_MAX_MS, run.timing.waitMaxMs);
  const look = async () => {
    const snapshot = await findSnapshot(run.ec2, id);
    if (snapshot?.state === 'completed') return { done: 'completed' };
    if (snapshot?.state === 'error') throw new OperatorError(`AWS failed to take ${id}.`);
    if (!snapshot && performance.now() > unknownUntil) throw new OperatorError(`${id} is gone.`);
    // AWS goes on with it by itself
    if (run.signal.aborted) return { done: 'still pending; AWS completes it by itself' };
    return { pending: `${snapshot?.state ?? 'not known yet'} ${snapshot?.progress ?? ''}`.trim() };
  };
  const outcome = await poll(`The snapshot ${id}`, look, cleanupPollOptions(run, COMPLETED_MAX_MS));
  run.log(`The snapshot ${id} is ${outcome}.`);
}

function leftoversOfSnapshot({ state }: EndingRun): string[] {
  const { snapshotId, volumeId } = state;
  const look = `aws ec2 describe-snapshots --snapshot-ids ${snapshotId}`;
  if (snapshotId) return [`the snapshot ${snapshotId}, not completed: ${look}`];
  const take = `aws ec2 create-snapshot --volume-id ${volumeId}`;
  return [`${volumeId} with what is new on it, and no snapshot of that: ${take}`];
}

import type { CreateSnapshotCommandInput } from '@aws-sdk/client-ec2';
import { createSnapshot, findSnapshot, listSnapshots } from '../../aws/ec2/snapshots.ts';
import { tagFilter, tagSpecifications } from '../../aws/ec2/tags.ts';
import { findVolume } from '../../aws/ec2/volumes.ts';
import { formatRequest } from '../../aws/format-request.ts';
import { cleanupPollOptions } from '../../aws/poll-options.ts';
import { poll } from '../../cli/poll.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { type EndingRun, type RunStep, runTags } from '../run/active-run.ts';
import { WAREHOUSE_TAG } from '../../aws/tags.ts';
import { bestEffort } from './best-effort.ts';

const REQUEST_TIMEOUT_MS = 5 * 60_000;
const KNOWN_MAX_MS = 60_000;
// The first snapshot of a large volume takes hours.
const COMPLETED_MAX_MS = 12 * 3_600_000;

/**
 * Requests the snapshot during the undo, if the copy is complete and the volume is detached. This step is listed before
 * the attachment, so it is undone after it.
 */
export const takeSnapshot: RunStep = {
  name: 'take-snapshot',
  undo: async (run) => {
    await bestEffort(run, 'The snapshot will be taken when the instance has ended', async () => {
      const volume = await findVolume(run.ec2, run.state.volumeId);
      if (volume?.attachedTo) throw new OperatorError(`${volume.id} is still ${volume.attachment}`);
      await ensureRequested(run);
    });
  },
  plan: (run) => ({ undo: [formatRequest('CreateSnapshot', snapshotInput(run))] }),
};

/** Waits for the snapshot at the very end, when there is no instance any more that costs money. */
export const waitForSnapshot: RunStep = {
  name: 'wait-for-snapshot',
  undo: async (run) => {
    await ensureRequested(run);
    const { snapshotId } = run.state;
    if (snapshotId) await waitUntilCompleted(run, snapshotId);
  },
  formatOrphans: formatSnapshotOrphans,
  plan: () => ({}),
};

/** Returns the request that creates the snapshot. */
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

/** Requests the snapshot once, if the copy is complete. A call during the request waits for the same request. */
async function ensureRequested(run: EndingRun): Promise<void> {
  if (!run.state.results || run.state.snapshotId) return;
  run.snapshotRequest ??= requestSnapshot(run).finally(() => (run.snapshotRequest = null));
  await run.snapshotRequest;
}

async function requestSnapshot(run: EndingRun): Promise<void> {
  const { ec2, timing, state } = run;
  run.log('Taking a snapshot …');
  let nextRequestAt = 0;
  const request = async () => {
    // The snapshot exists if a response was lost, or if a process was killed before it recorded the id.
    const taken = (await listSnapshots(ec2, [tagFilter(WAREHOUSE_TAG)])).find(
      ({ runId }) => runId === state.runId,
    );
    if (taken) return { done: taken.id };
    if (performance.now() < nextRequestAt) return { pending: 'requested, not listed yet' };
    nextRequestAt = performance.now() + timing.visibilityTimeoutMs;
    return { done: await createSnapshot(ec2, snapshotInput(run)) };
  };
  await run.record({
    snapshotId: await poll(
      'The new snapshot',
      request,
      cleanupPollOptions(run, REQUEST_TIMEOUT_MS),
    ),
  });
}

async function waitUntilCompleted(run: EndingRun, id: string): Promise<void> {
  const unknownUntil = performance.now() + Math.min(KNOWN_MAX_MS, run.timing.waitMaxMs);
  const request = async () => {
    const snapshot = await findSnapshot(run.ec2, id);
    if (snapshot?.state === 'completed') return { done: 'completed' };
    if (snapshot?.state === 'error') throw new OperatorError(`The snapshot ${id} failed.`);
    if (!snapshot && performance.now() > unknownUntil) {
      throw new OperatorError(`The snapshot ${id} does not exist any more.`);
    }
    if (run.signal.aborted) return { done: 'still pending. AWS completes it' };
    return { pending: `${snapshot?.state ?? 'not listed yet'} ${snapshot?.progress ?? ''}`.trim() };
  };
  const outcome = await poll(
    `The snapshot ${id}`,
    request,
    cleanupPollOptions(run, COMPLETED_MAX_MS),
  );
  run.log(`The snapshot ${id} is ${outcome}.`);
}

function formatSnapshotOrphans({ state }: EndingRun): string[] {
  const { snapshotId, volumeId } = state;
  const show = `aws ec2 describe-snapshots --snapshot-ids ${snapshotId}`;
  if (snapshotId) return [`the snapshot ${snapshotId}, not completed: ${show}`];
  const take = `aws ec2 create-snapshot --volume-id ${volumeId}`;
  return [`the new data on ${volumeId} has no snapshot. To take one: ${take}`];
}

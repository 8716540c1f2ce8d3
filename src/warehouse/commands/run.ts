import { runSteps, undoSteps } from '../../cli/steps.ts';
import { errorMessage } from '../../errors/error-message.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { claimFolder } from '../run/lock.ts';
import { type Ending, newState, openRun, type Parts, type RunStep } from '../run/run.ts';
import { watchSpotNotice } from '../run/spot-notice.ts';
import { readState, type RunState } from '../run/state.ts';
import { attach } from '../steps/attach.ts';
import { check } from '../steps/check.ts';
import { connect } from '../steps/connect.ts';
import { keep } from '../steps/keep.ts';
import { mount, startMysql } from '../steps/mysql.ts';
import { takeSnapshot, waitForSnapshot } from '../steps/snapshot.ts';
import { startInstance } from '../steps/start-instance.ts';
import { upload } from '../steps/upload.ts';
import { work } from '../steps/copy.ts';

/**
 * Everything that a run does, in order; and, read from the end, everything by which it ends, be it because all was
 * done or because something failed.
 */
export const STEPS: RunStep[] = [
  waitForSnapshot,
  startInstance,
  takeSnapshot,
  connect,
  attach,
  mount,
  startMysql,
  work,
  upload,
];

/**
 * Fills the warehouse: one whole cycle, after which nothing is left of it but what is new on the volume, and its
 * snapshot.
 * @param options with `keep`, the instance stays up when all was done, for people to query: `finish` ends it
 * @throws OperatorError, when everything that was begun is undone, or says what is not
 */
export async function run(parts: Parts, options: { keep: boolean }): Promise<void> {
  const claim = await claimFolder(parts.folder);
  try {
    await refuseUnended(parts.folder);
    parts.print('Looking whether all is there …');
    const state = newState(parts.config, await check(parts));
    claim.setDescription(`the run ${state.runId}`);
    await runAndEnd(parts, state, options);
  } finally {
    claim.release();
  }
}

/** What is known of a run that has not ended must not be overwritten with another's. */
async function refuseUnended(folder: string): Promise<void> {
  const state = await readState(folder);
  if (!state) return;
  throw new OperatorError(
    `The run ${state.runId}, on ${state.volumeId}, was kept, or has died. It ends with: ` +
      'npm run warehouse -- finish; or without a snapshot: ' +
      `npm run warehouse -- cleanup ${state.runId}`,
  );
}

async function runAndEnd(parts: Parts, state: RunState, options: { keep: boolean }): Promise<void> {
  const spot = watchSpotNotice(parts, state);
  const signal = AbortSignal.any([parts.signal, spot.signal]);
  const current = openRun({ ...parts, signal }, state);
  try {
    await runSteps(STEPS, current, current);
    if (options.keep) return await keep(current);
  } catch (error) {
    current.tell(errorMessage(error));
    await end(current);
    throw error;
  } finally {
    spot.end();
  }
  await end(current);
}

/**
 * Ends a run in order, however far it came, and forgets it.
 * @throws OperatorError that says what may still exist
 */
export async function end(current: Ending): Promise<void> {
  await undoSteps(STEPS, current, current);
  await current.forget();
  current.tell(`The run ${current.state.runId} has ended; of its instance nothing is left.`);
}

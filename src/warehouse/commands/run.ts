import { runSteps, undoSteps } from '../../cli/steps.ts';
import { errorMessage } from '../../errors/error-message.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { lockFolder } from '../run/lock.ts';
import type { RunContext } from '../context.ts';
import { type EndingRun, newState, openRun, type RunStep } from '../run/active-run.ts';
import { watchSpotNotice } from '../run/spot-notice.ts';
import { readState, type RunState } from '../run/state.ts';
import { attach } from '../steps/attach-step.ts';
import { preflightCheck } from '../steps/preflight-check.ts';
import { connect } from '../steps/connect-step.ts';
import { leaveRunning } from '../steps/leave-running.ts';
import { mount, startMysql } from '../steps/mysql-steps.ts';
import { takeSnapshot, waitForSnapshot } from '../steps/snapshot-steps.ts';
import { startInstance } from '../steps/instance-step.ts';
import { upload } from '../steps/upload-step.ts';
import { copy } from '../steps/copy-step.ts';

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
  copy,
  upload,
];

/**
 * Fills the warehouse: one whole cycle, after which nothing is left of it but what is new on the volume, and its
 * snapshot.
 * @param options with `keep`, the instance stays up when all was done, for people to query: `finish` ends it
 * @throws OperatorError, when everything that was begun is undone, or says what is not
 */
export async function run(context: RunContext, options: { keep: boolean }): Promise<void> {
  const claim = await lockFolder(context.folder);
  try {
    await assertNoUnfinishedRun(context.folder);
    context.print('Looking whether all is there …');
    const state = newState(context.config, await preflightCheck(context));
    claim.setDescription(`the run ${state.runId}`);
    await runAndEnd(context, state, options);
  } finally {
    claim.release();
  }
}

/** What is known of a run that has not ended must not be overwritten with another's. */
async function assertNoUnfinishedRun(folder: string): Promise<void> {
  const state = await readState(folder);
  if (!state) return;
  throw new OperatorError(
    `The run ${state.runId}, on ${state.volumeId}, was kept, or has died. It ends with: ` +
      'npm run warehouse -- finish; or without a snapshot: ' +
      `npm run warehouse -- cleanup ${state.runId}`,
  );
}

async function runAndEnd(
  context: RunContext,
  state: RunState,
  options: { keep: boolean },
): Promise<void> {
  const spot = watchSpotNotice(context, state);
  const signal = AbortSignal.any([context.signal, spot.signal]);
  const current = openRun({ ...context, signal }, state);
  try {
    await runSteps(STEPS, current);
    if (options.keep) return await leaveRunning(current);
  } catch (error) {
    current.log(errorMessage(error));
    await end(current);
    throw error;
  } finally {
    spot.endRun();
  }
  await end(current);
}

/**
 * Ends a run in order, however far it came, and forgets it.
 * @throws OperatorError that says what may still exist
 */
export async function end(current: EndingRun): Promise<void> {
  await undoSteps(STEPS, current);
  await current.forget();
  current.log(`The run ${current.state.runId} has ended; of its instance nothing is left.`);
}

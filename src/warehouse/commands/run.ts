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

/** The steps of a run, in order. They are undone in reverse order, on success and on failure. */
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
 * Runs one cycle of the warehouse. After it, only the new data on the volume and its snapshot remain.
 * @param options with `keep`, the instance continues to run after success, for queries, until `finish` ends it
 * @throws OperatorError after all steps are undone, or with the resources that may still exist
 */
export async function run(context: RunContext, options: { keep: boolean }): Promise<void> {
  const lock = await lockFolder(context.folder);
  try {
    await assertNoUnfinishedRun(context.folder);
    context.print('Checking the settings …');
    const state = newState(context.config, await preflightCheck(context));
    lock.setDescription(`the run ${state.runId}`);
    await runAndEnd(context, state, options);
  } finally {
    lock.release();
  }
}

/** A new run would overwrite the state file of a run that has not ended. */
async function assertNoUnfinishedRun(folder: string): Promise<void> {
  const state = await readState(folder);
  if (!state) return;
  throw new OperatorError(
    `The run ${state.runId} on ${state.volumeId} has not ended: it was left running, or its process was killed. ` +
      'To end it: npm run warehouse -- finish. To end it without a snapshot: ' +
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
    await endRun(current);
    throw error;
  } finally {
    spot.end();
  }
  await endRun(current);
}

/**
 * Undoes the steps of a run that were started, and removes its state file.
 * @throws OperatorError with the resources that may still exist
 */
export async function endRun(current: EndingRun): Promise<void> {
  await undoSteps(STEPS, current);
  await current.forget();
  current.log(`The run ${current.state.runId} has ended, and its instance is terminated.`);
}

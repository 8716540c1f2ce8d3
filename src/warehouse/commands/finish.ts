import { errorMessage } from '../../errors/error-message.ts';
import { lockFolder } from '../run/lock.ts';
import type { FinishContext } from '../context.ts';
import { type EndingRun, openRun } from '../run/active-run.ts';
import { readState } from '../run/state.ts';
import { connectTo } from '../steps/connect-step.ts';
import { endRun } from './run.ts';

const CONNECT_MAX_MS = 60_000;

/**
 * Ends a run that was left running or whose process was killed: undoes its steps, and takes a snapshot if the copy is
 * complete.
 * @throws OperatorError with the resources that may still exist
 */
export async function finish(context: FinishContext): Promise<void> {
  const lock = await lockFolder(context.folder);
  try {
    const state = await readState(context.folder);
    if (!state) {
      context.print(
        'This folder has no run to finish. To find runs in AWS: npm run warehouse -- status',
      );
      return;
    }
    lock.setDescription(`finishing the run ${state.runId}`);
    const run = openRun(context, state);
    if (!state.results) {
      run.log(`The run ${state.runId} did not complete its copy, so no snapshot is taken.`);
    }
    if (state.begun.includes('connect')) await reconnect(run);
    await endRun(run);
  } finally {
    lock.release();
  }
}

/**
 * Connects to the instance, to stop MySQL and to unmount the volume. Logs a failure, since the run ends without it,
 * too.
 */
async function reconnect(run: EndingRun): Promise<void> {
  try {
    run.remote = await connectTo(run, CONNECT_MAX_MS);
  } catch (error) {
    run.log(errorMessage(error));
  }
}

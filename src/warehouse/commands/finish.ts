import { errorMessage } from '../../errors/error-message.ts';
import { lockFolder } from '../run/lock.ts';
import type { FinishContext } from '../context.ts';
import { type EndingRun, openRun } from '../run/active-run.ts';
import { readState } from '../run/state.ts';
import { connectTo } from '../steps/connect-step.ts';
import { end } from './run.ts';

const CONNECT_MAX_MS = 60_000;

/**
 * Does the second half of a run that was kept, or that has died: everything that is left of it is undone in order,
 * and what is new is kept in a snapshot if the first half was done.
 * @throws OperatorError that says what may still exist
 */
export async function finish(context: FinishContext): Promise<void> {
  const claim = await lockFolder(context.folder);
  try {
    const state = await readState(context.folder);
    if (!state) {
      context.print('There is no run to finish here; cleanup looks for one that AWS knows of.');
      return;
    }
    claim.setDescription(`finishing the run ${state.runId}`);
    const run = openRun(context, state);
    if (!state.results) run.log(`The run ${state.runId} was not done: there will be no snapshot.`);
    if (state.begun.includes('connect')) await reconnect(run);
    await end(run);
  } finally {
    claim.release();
  }
}

/** Without a connection, MySQL and the filesystem are ended less gently. */
async function reconnect(run: EndingRun): Promise<void> {
  try {
    run.remote = await connectTo(run, CONNECT_MAX_MS);
  } catch (error) {
    run.log(errorMessage(error));
  }
}

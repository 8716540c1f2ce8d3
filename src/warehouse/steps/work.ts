import type { RunStep } from '../run/run.ts';
import { databaseOf } from './mysql.ts';

/** Fills the warehouse, which is what the run is for. Undone, it stays as it is: the next run goes on from there. */
export const work: RunStep = {
  name: 'work',
  doing: 'Filling the warehouse',
  run: async (run) => {
    const { state, signal } = run;
    const results = await run.work(databaseOf(run), { id: state.runId, signal });
    // it may not have heard the signal, and nobody waits for it any more
    signal.throwIfAborted();
    await run.record({ results });
  },
};

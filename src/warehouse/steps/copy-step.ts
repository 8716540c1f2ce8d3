import type { RunStep } from '../run/active-run.ts';
import { withMysql } from './mysql-steps.ts';

/** Fills the warehouse, which is what the run is for. Undone, it stays as it is: the next run goes on from there. */
export const copy: RunStep = {
  name: 'copy',
  runMessage: 'Filling the warehouse',
  run: async (run) => {
    const { runId: id } = run.state;
    const results = await withMysql(run, (to, signal) => run.copy(to, { id, signal }));
    // it may not have heard the signal, and nobody waits for it any more
    run.signal.throwIfAborted();
    await run.record({ results });
  },
};

import { reportFolder } from '../report/folders.ts';
import type { RunStep } from '../run/active-run.ts';
import { warehouseAccount, withMysql } from './mysql-steps.ts';

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
  plan: (run) => {
    const { folder, order, state } = run;
    const { source, withCredentials, maxRowsPerSecond } = order;
    const { user, name } = warehouseAccount(run);
    const from = `${source.user}@${source.host}:${source.port}/${source.name}`;
    const credentials = withCredentials ? 'with credentials' : 'without credentials';
    const rate = maxRowsPerSecond === null ? '' : `, at most ${maxRowsPerSecond} rows a second`;
    return {
      run: [
        `copy ${from} to ${user}@${state.instanceId}/${name}, ${credentials}${rate}`,
        `analyse, and report to ${reportFolder(folder, state.runId)}`,
      ],
    };
  },
};

import { parquetFolder } from '../parquet/folder.ts';
import { reportFolder } from '../report/folders.ts';
import type { RunStep } from '../run/active-run.ts';
import { warehouseAccount, withMysql } from './mysql-steps.ts';

/** Fills the warehouse. It needs no undo: the next run continues from a partial copy. */
export const copy: RunStep = {
  name: 'copy',
  runMessage: 'Filling the warehouse',
  run: async (run) => {
    const { runId: id } = run.state;
    const results = await withMysql(run, (to, signal) => run.copy(to, { id, signal }));
    // The job may have ignored the signal. The runner has then abandoned this step.
    run.signal.throwIfAborted();
    await run.record({ results });
  },
  plan: (run) => {
    const { folder, order, state } = run;
    const { source, withCredentials, proveAll, maxRowsPerSecond } = order;
    const { user, name } = warehouseAccount(run);
    const from = `${source.user}@${source.host}:${source.port}/${source.name}`;
    const credentials = withCredentials ? 'with credentials' : 'without credentials';
    const proof = proveAll ? ', and verify all rows' : '';
    const rate = maxRowsPerSecond === null ? '' : `, at most ${maxRowsPerSecond} rows a second`;
    return {
      run: [
        `copy ${from} to ${user}@${state.instanceId}/${name}, ${credentials}${rate}${proof}`,
        `export changes as Parquet files to ${parquetFolder(folder, run.config.bucket)}`,
        `analyse, and report to ${reportFolder(folder, state.runId)}`,
      ],
    };
  },
};

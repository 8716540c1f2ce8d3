import { parquetKey, runKey } from '../bucket/keys.ts';
import type { RunStep } from '../run/active-run.ts';
import { withMysql } from './mysql-steps.ts';

/**
 * Uploads the report, the Parquet files and a dump. `run.upload` is null if no bucket is set. If the upload fails, the run fails. The
 * snapshot, which the undo of an earlier step takes, has the new data nevertheless.
 */
export const upload: RunStep = {
  name: 'upload',
  run: async (run) => {
    const { runId: id, results } = run.state;
    await withMysql(run, async (from, signal) =>
      run.upload?.(from, { id, results: results ?? {}, signal }),
    );
  },
  plan: ({ config: { bucket }, state }) => {
    if (bucket === null) return {};
    const target = `s3://${bucket}/${runKey(state.runId, '')}`;
    return {
      run: [
        `upload report, statistics and dump to ${target}`,
        `upload new Parquet files to s3://${bucket}/${parquetKey('')}`,
      ],
    };
  },
};

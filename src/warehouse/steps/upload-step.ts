import { runKey } from '../bucket/keys.ts';
import type { RunStep } from '../run/active-run.ts';
import { withMysql } from './mysql-steps.ts';

/**
 * Uploads the report and a dump, if a bucket is set. If the upload fails, the run fails, but its snapshot contains the
 * new data.
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
    return { run: [`upload report, statistics and dump to ${target}`] };
  },
};

import type { DuckDBConnection } from '@duckdb/node-api';
import type { CopyResult } from '../copy/copy-database.ts';
import type { Manifest } from '../parquet/manifest.ts';
import type { OwnStatistic } from '../statistics/own-statistics.ts';
import { runOwnStatistics } from '../statistics/run-own-statistics.ts';
import { computeStatistics } from '../statistics/statistics.ts';
import { createReport, type PastRun, type Report } from './report.ts';

/** The subject of a report. */
export interface AnalyseOptions {
  /** The id of the run. */
  run: string;
  copy: CopyResult;
  /** The manifest of the run to compare with. Null for the first run. */
  before: Manifest | null;
  /** The manifests of all earlier runs, oldest first. */
  history: Manifest[];
  /** The operator's own statistics. */
  own?: OwnStatistic[];
  /** Ends the own statistics. */
  signal?: AbortSignal;
}

/**
 * Computes the statistics of a copy, and compares its key figures with those of an earlier run.
 * @param duckdb a connection that may read only the files of its views `user`, `message` and `follower`, and of
 *   `before.follower` if there is a run to compare with. It gets the tables of the statistics
 * @throws the signal's reason
 */
export async function analyse(
  duckdb: DuckDBConnection,
  { run, copy, before, history, own = [], signal }: AnalyseOptions,
): Promise<Report> {
  const options = { asOfS: copy.asOfS, hasBefore: before !== null };
  const statistics = [
    ...(await computeStatistics(duckdb, options)),
    ...(await runOwnStatistics(duckdb, own, { signal })),
  ];
  return createReport(run, copy, statistics, before && toPastRun(before), history.map(toPastRun));
}

function toPastRun({ run, asOf, figures }: Manifest): PastRun {
  return { run, asOf, figures };
}

import type { Connection } from 'mysql2/promise';
import type { CopyResult } from '../copy/copy-database.ts';
import { createReport, type Report } from './report.ts';
import { saveRun, findPreviousRun } from './history.ts';
import { computeStatistics } from '../statistics/statistics.ts';

/**
 * Computes the statistics of the copy, compares them with the previous run, and saves them for the next one. Idempotent
 * for the same copy.
 * @param connection a connection to the warehouse with named parameters, which must have no other use afterwards
 */
export async function analyse(
  connection: Connection,
  run: string,
  copy: CopyResult,
): Promise<Report> {
  const before = await findPreviousRun(connection, copy.tables);
  const moment = { asOfS: copy.asOfS, before: before?.run ?? null };
  const statistics = await computeStatistics(connection, moment);
  const report = createReport(run, copy, statistics, before);
  await saveRun(connection, report);
  return report;
}

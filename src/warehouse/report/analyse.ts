import type { Connection } from 'mysql2/promise';
import type { CopyResult } from '../copy/copy-database.ts';
import { createReport, type Report } from './report.ts';
import { saveRun, findPreviousRun } from './history.ts';
import { computeStatistics } from '../statistics/statistics.ts';

/**
 * Finds out what the copy in the warehouse says, compared with the run before, and leaves that there for the next.
 * It may be done again for the same copy.
 * @param connection to the warehouse, with named parameters, to be used for nothing else afterwards
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

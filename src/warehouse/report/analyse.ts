import type { Connection } from 'mysql2/promise';
import type { Copy } from '../copy/copy.ts';
import { createReport, type Report } from './report.ts';
import { keepRun, readRunBefore } from './history.ts';
import { computeStatistics } from '../statistics/statistics.ts';

/**
 * Finds out what the copy in the warehouse says, compared with the run before, and leaves that there for the next.
 * It may be done again for the same copy.
 * @param connection to the warehouse, with named parameters, to be used for nothing else afterwards
 */
export async function analyse(connection: Connection, run: string, copy: Copy): Promise<Report> {
  const before = await readRunBefore(connection, copy.tables);
  const moment = { asOfS: copy.asOfS, before: before?.run ?? null };
  const statistics = await computeStatistics(connection, moment);
  const report = createReport(run, copy, statistics, before);
  await keepRun(connection, report);
  return report;
}

import { z } from 'zod';
import type { CopyResult } from '../copy/copy-database.ts';
import type { Statistic } from '../statistics/statistics.ts';

const statistic = z.object({
  name: z.string(),
  title: z.string(),
  meaning: z.string(),
  columns: z.array(z.string()),
  rows: z.array(z.array(z.union([z.string(), z.number(), z.null()]))),
});

const copiedTable = z.object({
  table: z.string(),
  rows: z.number(),
  checksum: z.string(),
  sent: z.number(),
  deleted: z.number(),
});

const totals = z.record(z.string(), z.number());

const report = z.object({
  run: z.string(),
  asOf: z.iso.datetime(),
  tables: z.array(copiedTable),
  statistics: z.array(statistic),
  before: z.object({ run: z.string(), asOf: z.iso.datetime(), totals }).nullable(),
});

/**
 * What a run has found out: its id, when its copy was made (`2026-11-23T00:15:00.000Z`), what that took, all
 * statistics, and the key figures of the run before it, which is null for the first. `stats.json` is one.
 */
export type Report = z.infer<typeof report>;

/** The key figures by their names; none when there are none. */
export type Totals = z.infer<typeof totals>;

/** Puts together what a run has found out. */
export function createReport(
  run: string,
  copy: CopyResult,
  statistics: Statistic[],
  before: Report | null,
): Report {
  return {
    run,
    asOf: new Date(copy.asOfS * 1000).toISOString(),
    tables: copy.tables,
    statistics,
    before: before && { run: before.run, asOf: before.asOf, totals: readTotals(before.statistics) },
  };
}

/**
 * Reads what was once written as JSON.
 * @returns null when it is no report, or one of another version's
 */
export function parseReport(json: string): Report | null {
  try {
    return report.parse(JSON.parse(json));
  } catch {
    return null;
  }
}

/** The key figures among the statistics. */
export function readTotals(statistics: Statistic[]): Totals {
  const { columns, rows } = findStatistic(statistics, 'totals');
  return Object.fromEntries(
    columns.map((column, index) => [column, Number(rows[0]?.[index] ?? 0)]),
  );
}

/** The statistic of this name; one without rows when there is none. */
export function findStatistic(statistics: Statistic[], name: string): Statistic {
  const found = statistics.find((each) => each.name === name);
  return found ?? { name, title: name, meaning: '', columns: [], rows: [] };
}

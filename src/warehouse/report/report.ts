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
 * The results of a run: its id, the time of its copy (`2026-11-23T00:15:00.000Z`), the copied tables, all statistics,
 * and the key figures of the previous run. `before` is null for the first run. `stats.json` has this form.
 */
export type Report = z.infer<typeof report>;

/** The key figures by their names. */
export type Totals = z.infer<typeof totals>;

/** Creates the report of a run. */
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
 * Parses a report in JSON.
 * @returns null if the text is no report of this version
 */
export function parseReport(json: string): Report | null {
  try {
    return report.parse(JSON.parse(json));
  } catch {
    return null;
  }
}

/** Returns the key figures of the statistics. */
export function readTotals(statistics: Statistic[]): Totals {
  const { columns, rows } = findStatistic(statistics, 'totals');
  return Object.fromEntries(
    columns.map((column, index) => [column, Number(rows[0]?.[index] ?? 0)]),
  );
}

/** Returns the statistic with a name, or an empty one. */
export function findStatistic(statistics: Statistic[], name: string): Statistic {
  const found = statistics.find((each) => each.name === name);
  return found ?? { name, title: name, meaning: '', columns: [], rows: [] };
}

import { z } from 'zod';
import type { CopyResult } from '../copy/copy-database.ts';
import type { Statistic } from '../statistics/statistics.ts';

const statistic = z.object({
  name: z.string(),
  title: z.string(),
  meaning: z.string(),
  columns: z.array(z.string()),
  rows: z.array(z.array(z.union([z.string(), z.number(), z.null()]))),
  // Why a statistic of the operator's failed.
  error: z.string().exactOptional(),
});

const copiedTable = z.object({
  table: z.string(),
  rows: z.number(),
  checksum: z.string(),
  sent: z.number(),
  deleted: z.number(),
  // Versions before 1.11.0 stored no parts.
  parts: z
    .array(
      z.object({ part: z.number(), rows: z.number(), checksum: z.string(), provedAtS: z.number() }),
    )
    .default([]),
});

const totals = z.record(z.string(), z.number());

const pastRun = z.object({ run: z.string(), asOf: z.iso.datetime(), figures: totals });

const report = z.object({
  run: z.string(),
  asOf: z.iso.datetime(),
  tables: z.array(copiedTable),
  statistics: z.array(statistic),
  before: z.object({ run: z.string(), asOf: z.iso.datetime(), totals }).nullable(),
  // Versions before 1.11.0 stored no history.
  history: z.array(pastRun).default([]),
});

/**
 * The results of a run. `stats.json` has this form:
 *
 * - `run` is its id, and `asOf` the time of its copy: `2026-11-23T00:15:00.000Z`.
 * - `tables` are the copied tables. `provedAtS` of a part is when the part was last verified, in seconds since 1970.
 * - `statistics` are all statistics. Those of the operator are the last ones, and have an `error` if they failed.
 * - `before` has the key figures of the run that the report compares with. It is null for the first run.
 * - `history` has the key figures of the earlier runs, oldest first, at most `HISTORY_MAX` of them.
 */
export type Report = z.infer<typeof report>;

/** The key figures of an earlier run. `asOf` is the time of its copy: ISO 8601, UTC. */
export type PastRun = z.infer<typeof pastRun>;

/** The key figures by their names. */
export type Totals = z.infer<typeof totals>;

/** The number of earlier runs in a report. Older ones are left out. */
export const HISTORY_MAX = 200;

/**
 * Creates the report of a run.
 * @param before the run to compare with; null when there is none
 * @param history all earlier runs, oldest first
 */
export function createReport(
  run: string,
  copy: CopyResult,
  statistics: Statistic[],
  before: PastRun | null,
  history: PastRun[] = [],
): Report {
  return {
    run,
    asOf: new Date(copy.asOfS * 1000).toISOString(),
    tables: copy.tables,
    statistics,
    before: before && { run: before.run, asOf: before.asOf, totals: before.figures },
    // A run that is repeated after a failure may already be in the history.
    history: history.filter((past) => past.run !== run).slice(-HISTORY_MAX),
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

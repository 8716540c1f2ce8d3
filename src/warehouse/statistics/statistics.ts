import { readFile } from 'node:fs/promises';
import { type DuckDBConnection, DuckDBDecimalValue, type DuckDBValue } from '@duckdb/node-api';

/** A statistic's values, in its own order. */
export interface Statistic {
  /** The name of the SQL file and of the CSV: `new-users`. */
  name: string;
  title: string;
  /** One or two sentences. */
  meaning: string;
  columns: string[];
  /** In the order of the columns; days and the first days of weeks and months are text: `2026-11-23`. */
  rows: Value[][];
  /** Why a statistic of the operator's failed, which then has no columns and rows. */
  error?: string;
}

/** A count or share, a text, or null if the divisor is 0. */
export type Value = string | number | null;

/** The data of the statistics. */
export interface StatisticsOptions {
  /** When the copy was made, in seconds since 1970. */
  asOfS: number;
  /** Whether the view `before.follower` has the follows of the run to compare with. */
  hasBefore: boolean;
}

// The same depth from dist/ and from src/.
const FOLDER = new URL('../../../src/warehouse/statistics/', import.meta.url);

/** The tables that the statistics share, in the order in which they need each other, and their files in `prepared`. */
const PREPARED = {
  active_day: 'active-day',
  person: 'person',
  calendar: 'calendar',
} as const;

/** All statistics, in the order of the report. */
export const STATISTICS = [
  'totals',
  'new-users',
  'active-users',
  'posts',
  'retention',
  'hours',
  'followers-each',
  'posts-each',
  'concentration',
  'rising-authors',
  'reciprocity',
  'lengths',
  'links-and-mentions',
] as const;

/** Computes all statistics from the views `user`, `message` and `follower`. Creates the tables of `prepareTables`. */
export async function computeStatistics(
  duckdb: DuckDBConnection,
  { asOfS, hasBefore }: StatisticsOptions,
): Promise<Statistic[]> {
  await prepareTables(duckdb, asOfS);
  // For the first run, all follows are new.
  if (!hasBefore) await createEmptyBefore(duckdb);
  const statistics: Statistic[] = [];
  for (const name of STATISTICS) statistics.push(await compute(duckdb, name));
  return statistics;
}

/**
 * Creates the tables that the statistics share, from the views `user`, `message` and `follower`: `moment`, with the time
 * of the copy, `active_day`, `person` and `calendar`. Existing ones are replaced.
 * @param asOfS when the copy was made, in seconds since 1970
 */
export async function prepareTables(duckdb: DuckDBConnection, asOfS: number): Promise<void> {
  const day = new Date(asOfS * 1000).toISOString().slice(0, 10);
  await duckdb.run(
    `create or replace table moment as
     select cast(${asOfS} as bigint) as as_of_s, date '${day}' as as_of_day`,
  );
  for (const [table, file] of Object.entries(PREPARED)) {
    const sql = await readSql(`prepared/${file}`);
    await duckdb.run(`create or replace table ${table} as ${sql}`);
  }
}

/** Creates a view `before.follower` without rows. */
export async function createEmptyBefore(duckdb: DuckDBConnection): Promise<void> {
  await duckdb.run('create schema if not exists before');
  await duckdb.run(
    `create or replace view before.follower as
     select cast(null as bigint) as who_id, cast(null as bigint) as whom_id where false`,
  );
}

async function compute(duckdb: DuckDBConnection, name: string): Promise<Statistic> {
  const sql = await readSql(name);
  const [title, meaning] = sql.split('\n').map((line) => line.replace('-- ', ''));
  if (!title || !meaning) throw new Error(`${name}.sql lacks its title or meaning`);
  const result = await duckdb.runAndReadAll(sql);
  const rows = result.getRows().map((row) => row.map(toValue));
  return { name, title, meaning, columns: result.columnNames(), rows };
}

function readSql(name: string): Promise<string> {
  return readFile(new URL(`${name}.sql`, FOLDER), 'utf8');
}

/**
 * Returns a value of DuckDB as JSON can have it. A number that JavaScript cannot represent exactly, and a value of any
 * other type, is text as DuckDB formats it: `2026-11-23`, `true`, `[1, 2]`.
 */
export function toValue(value: DuckDBValue): Value {
  if (value === null || typeof value === 'string') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (value instanceof DuckDBDecimalValue) return value.toDouble();
  const number = typeof value === 'bigint' ? Number(value) : null;
  return number !== null && Number.isSafeInteger(number) ? number : String(value);
}

import { readFile } from 'node:fs/promises';
import type { TypeCastField } from 'mysql2';
import type { Connection } from 'mysql2/promise';
import { splitStatements } from '../../database/split-statements.ts';

/** A statistic's values, in its own order. */
export interface Statistic {
  /** The name of the SQL file and of the CSV: `new-users`. */
  name: string;
  title: string;
  /** One sentence. */
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
  /** The run to compare with; null when there is none. */
  before: string | null;
}

// The same depth from dist/ and from src/.
const FOLDER = new URL('../../../src/warehouse/statistics/', import.meta.url);

/** All statistics, in the order of the report. */
const STATISTICS = [
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

/**
 * Computes all statistics from the copy of MiniTwit's tables that this database holds. It leaves three tables
 * there that others may find useful: `person`, `active_day` and `calendar`.
 * @param connection with named parameters, to be used for nothing else
 */
export async function computeStatistics(
  connection: Connection,
  moment: StatisticsOptions,
): Promise<Statistic[]> {
  // Quotients that are rounded later need more digits than the default.
  await connection.query('set session div_precision_increment = 12');
  for (const statement of splitStatements(await readSql('prepare'))) {
    await connection.query(statement, { ...moment });
  }
  const statistics: Statistic[] = [];
  for (const name of STATISTICS) statistics.push(await compute(connection, name, moment));
  return statistics;
}

async function compute(
  connection: Connection,
  name: string,
  moment: StatisticsOptions,
): Promise<Statistic> {
  const text = await readSql(name);
  const [title, meaning] = text.split('\n').map((line) => line.replace('-- ', ''));
  const [sql] = splitStatements(text);
  if (!title || !meaning || !sql) throw new Error(`${name}.sql lacks its title, meaning or query`);
  const [rows, fields] = await connection.query({
    sql,
    values: { ...moment },
    rowsAsArray: true,
    typeCast: toValue,
  });
  return {
    name,
    title,
    meaning,
    columns: fields.map((field) => field.name),
    rows: rows as unknown as Value[][],
  };
}

/** mysql2 would give sums as text, and days as times. */
function toValue(field: TypeCastField): Value {
  const text = field.string();
  const isText = ['DATE', 'STRING', 'VAR_STRING', 'VARCHAR'].includes(field.type);
  return text === null || isText ? text : Number(text);
}

function readSql(name: string): Promise<string> {
  return readFile(new URL(`${name}.sql`, FOLDER), 'utf8');
}

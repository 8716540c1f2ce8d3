import { z } from 'zod';
import { OperatorError } from '../../errors/operator-error.ts';
import { TABLES, type Table } from '../copy/tables.ts';

// A dump is SQL text in UTF-8, compressed by gzip, with one statement in each line: the header, PREPARATION, inserts,
// ENDING, and the last line. A dump with any other line is refused, and that line is never executed.

/** The beginning of the first line. The header follows. */
const HEADER = '-- MiniTwit dump ';

/** The beginning of the last line. The checksums follow. */
const COMPLETE = '-- complete ';

/**
 * The statements before the rows. With them, the `mysql` client restores all rows or none, with any session settings.
 */
export const PREPARATION = [
  'set names utf8mb4;',
  "set session sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO';",
  'begin;',
];

/** The statement after the rows. */
export const ENDING = 'commit;';

const count = z.number().int().min(0);
const checksum = z.string().regex(/^\d{1,20}$/);
const names = TABLES.map(({ name }) => name);

const header = z.object({
  format: z.literal(1),
  /** The version of MiniTwit. */
  program: z.string(),
  run: z.string(),
  /** The time of the snapshot: ISO 8601, UTC. */
  asOf: z.iso.datetime(),
  /** Whether the dump has password hashes. Without them, no user can log in. */
  credentials: z.boolean(),
  /** The number of rows by table. */
  rows: z.record(z.enum(names), count),
});

const contents = z.record(z.enum(names), z.object({ total: count, checksum }));

/** The data in the first line of a dump. */
export type DumpHeader = z.infer<typeof header>;

/** The number of rows and their checksum, by table. The last line of a dump has them. */
export type TableChecksums = z.infer<typeof contents>;

/** Returns the first line of a dump. */
export function formatHeaderLine(of: DumpHeader): string {
  return HEADER + JSON.stringify(of);
}

/**
 * Reads the first line.
 * @throws OperatorError if it is not the first line of a dump
 */
export function parseHeader(line: string): DumpHeader {
  return parse(header, HEADER, line, 'its first line is not the header of a MiniTwit dump');
}

/** Returns the last line of a dump. */
export function formatLastLine(of: TableChecksums): string {
  return COMPLETE + JSON.stringify(of);
}

/**
 * Reads the last line.
 * @throws OperatorError if it is not the last line of a dump
 */
export function parseLastLine(line: string): TableChecksums {
  return parse(contents, COMPLETE, line, 'its last line is missing');
}

function parse<T>(schema: z.ZodType<T>, start: string, line: string, problem: string): T {
  if (line.startsWith(start)) {
    const result = schema.safeParse(parseJson(line.slice(start.length)));
    if (result.success) return result.data;
  }
  throw new OperatorError(problem);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Returns the beginning of the lines that insert into a table. */
export function insertPrefix({ name, columns }: Table): string {
  return `insert into ${name} (${columns.join(', ')}) values `;
}

const VALUE = String.raw`(?:\d+|'[^'\\]*(?:\\.[^'\\]*)*')`;
const ROW = String.raw`\(${VALUE}(?:, ${VALUE})*\)`;
const ROWS = new RegExp(`${ROW}(?:, ${ROW})*;$`, 'y');
const STARTS = TABLES.map(insertPrefix);

/** Returns whether a line only inserts numbers and strings into one of the tables. */
export function isInsert(line: string): boolean {
  const start = STARTS.find((each) => line.startsWith(each));
  if (start === undefined) return false;
  ROWS.lastIndex = start.length;
  return ROWS.test(line);
}

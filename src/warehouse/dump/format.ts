import { z } from 'zod';
import { OperatorError } from '../../errors/operator-error.ts';
import { TABLES, type Table } from '../copy/tables.ts';

// A dump is gzip of SQL text in UTF-8, a statement a line: BEGINNING, the header, PREPARATION, lines that insert,
// ENDING, and the last line. A line that is neither of these is nothing that we wrote, and is never executed.

/** What the first line begins with; the header follows. */
const HEADER = '-- MiniTwit dump ';

/** What the last line begins with; what a whole dump holds follows. */
const COMPLETE = '-- complete ';

/** For whoever gives a dump to a program of MySQL's: all or nothing, whatever that session was told before. */
export const PREPARATION = [
  'set names utf8mb4;',
  "set session sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO';",
  'begin;',
];

/** What follows the rows. */
export const ENDING = 'commit;';

const count = z.number().int().min(0);
const checksum = z.string().regex(/^\d{1,20}$/);
const names = TABLES.map(({ name }) => name);

const header = z.object({
  format: z.literal(1),
  /** The program's version. */
  program: z.string(),
  run: z.string(),
  /** When the database was as it is in the dump: ISO 8601, UTC. */
  asOf: z.iso.datetime(),
  /** Whether it holds the hashes of passwords, without which nobody can log in. */
  credentials: z.boolean(),
  /** How many rows each table has. */
  rows: z.record(z.enum(names), count),
});

const contents = z.record(z.enum(names), z.object({ total: count, checksum }));

/** What a dump says of itself in its first line. */
export type DumpHeader = z.infer<typeof header>;

/** The number of rows and their checksum, by table; a dump's last line says them. */
export type TableChecksums = z.infer<typeof contents>;

/** The first line of a dump. */
export function formatHeaderLine(of: DumpHeader): string {
  return HEADER + JSON.stringify(of);
}

/**
 * Reads the first line.
 * @throws OperatorError when that is the beginning of something else
 */
export function parseHeader(line: string): DumpHeader {
  return parse(header, HEADER, line, 'it does not begin as a dump of this program does');
}

/** The last line of a dump. */
export function formatLastLine(of: TableChecksums): string {
  return COMPLETE + JSON.stringify(of);
}

/**
 * Reads the last line.
 * @throws OperatorError when it is no last line
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

/** What the lines begin with that insert into this table. */
export function insertPrefix({ name, columns }: Table): string {
  return `insert into ${name} (${columns.join(', ')}) values `;
}

const VALUE = String.raw`(?:\d+|'[^'\\]*(?:\\.[^'\\]*)*')`;
const ROW = String.raw`\(${VALUE}(?:, ${VALUE})*\)`;
const ROWS = new RegExp(`${ROW}(?:, ${ROW})*;$`, 'y');
const STARTS = TABLES.map(insertPrefix);

/** Whether a line inserts numbers and strings into one of our tables, and does nothing else. */
export function isInsert(line: string): boolean {
  const start = STARTS.find((each) => line.startsWith(each));
  if (start === undefined) return false;
  ROWS.lastIndex = start.length;
  return ROWS.test(line);
}

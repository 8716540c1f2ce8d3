import { z } from 'zod';
import { OperatorError } from '../../errors/operator-error.ts';
import { type DumpFormat, type DumpTable, listDumpTables } from './formats.ts';

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

function namesOf(format: DumpFormat) {
  return z.enum(listDumpTables(format).map(({ name }) => name));
}

function headerOf<Format extends DumpFormat>(format: Format) {
  return z.object({
    format: z.literal(format),
    /** The version of MiniTwit. */
    program: z.string(),
    run: z.string(),
    /** The time of the snapshot: ISO 8601, UTC. */
    asOf: z.iso.datetime(),
    /** Whether the dump has password hashes. Without them, no user can log in. */
    credentials: z.boolean(),
    /** The number of rows by table. */
    rows: z.record(namesOf(format), count),
  });
}

const header = z.discriminatedUnion('format', [headerOf(1), headerOf(2)]);

function contentsOf(format: DumpFormat) {
  return z.record(namesOf(format), z.object({ total: count, checksum }));
}

/** The data in the first line of a dump. */
export type DumpHeader = z.infer<typeof header>;

/** The number of rows and their checksum, by table. The last line of a dump has them. */
export type TableChecksums = z.infer<ReturnType<typeof contentsOf>>;

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
export function parseLastLine(line: string, format: DumpFormat): TableChecksums {
  return parse(contentsOf(format), COMPLETE, line, 'its last line is missing');
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
export function insertPrefix({ name, columns }: DumpTable): string {
  return `insert into ${name} (${columns.join(', ')}) values `;
}

const VALUE = String.raw`(?:\d+|NULL|'[^'\\]*(?:\\.[^'\\]*)*')`;
const ROW = String.raw`\(${VALUE}(?:, ${VALUE})*\)`;
const ROWS = new RegExp(`${ROW}(?:, ${ROW})*;$`, 'y');

/**
 * Returns the name of the table into which a line inserts rows, or null for any other line. Such a line has only numbers,
 * strings and nulls.
 */
export function findInsertedTable(line: string, format: DumpFormat): string | null {
  const table = listDumpTables(format).find((each) => line.startsWith(insertPrefix(each)));
  if (table === undefined) return null;
  ROWS.lastIndex = insertPrefix(table).length;
  return ROWS.test(line) ? table.name : null;
}

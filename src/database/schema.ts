import { readFile } from 'node:fs/promises';
import mysql, { type Connection, type ResultSetHeader, type RowDataPacket } from 'mysql2/promise';
import type { DatabaseConfig } from '../config/config.ts';
import { OperatorError } from '../errors/operator-error.ts';
import { acquireNamedLock } from './named-lock.ts';
import { splitStatements } from './split-statements.ts';
import { type RetryOptions, withConnection } from './with-connection.ts';

const SCHEMA = new URL('../../schema.sql', import.meta.url);

/** Options for initializeSchema. */
export interface SchemaOptions extends RetryOptions {
  /**
   * How existing tables are handled:
   * - `refuse`: replaces empty tables, and throws if a table has rows
   * - `replace`: drops the tables and their rows
   * - `retain`: adds only missing tables, and missing rows that are computed from other tables
   */
  existing: 'refuse' | 'replace' | 'retain';
  /** The command that replaces the tables, for the message of `refuse`. */
  replaceWith?: string;
}

/**
 * Creates MiniTwit's tables with the statements of `schema.sql`. Concurrent calls run one after another. Use `refuse`
 * only while no process writes: rows that are inserted after the count are lost.
 * @returns the names of the tables that were created or got rows, in the order of the file
 * @throws OperatorError, one line, if `refuse` finds rows (nothing is changed then), and the errors of `withConnection`
 */
export async function initializeSchema(
  config: DatabaseConfig,
  { existing, replaceWith = 'npm run initdb -- --force', ...retryOptions }: SchemaOptions,
): Promise<string[]> {
  const statements = splitStatements(await readFile(SCHEMA, 'utf8'));
  return withConnection(config, retryOptions, async (connection) => {
    // Instances that start at the same time find the same tables missing.
    await acquireNamedLock(connection, {
      name: `minitwit schema ${config.name}`,
      work: 'changing the tables',
      waitMaxMs: retryOptions.waitMaxMs,
    });
    const existingTables = await listTables(connection, statements);
    if (existing === 'refuse') await assertTablesEmpty(connection, existingTables, replaceWith);
    const isMissing = (statement: string) => {
      const table = findCreatedTable(statement);
      return table === null ? findFilledTable(statement) !== null : !existingTables.includes(table);
    };
    const changed = new Set<string>();
    for (const statement of existing === 'retain' ? statements.filter(isMissing) : statements) {
      const [{ affectedRows }] = await connection.query<ResultSetHeader>(statement);
      const filled = affectedRows > 0 ? findFilledTable(statement) : null;
      const table = findCreatedTable(statement) ?? filled;
      if (table !== null) changed.add(table);
    }
    return Array.from(changed);
  });
}

function findCreatedTable(statement: string): string | null {
  return /^create table (\w+)/.exec(statement)?.[1] ?? null;
}

function findFilledTable(statement: string): string | null {
  return /^insert into (\w+)/.exec(statement)?.[1] ?? null;
}

/** Lists the tables of the file that exist, in the order of the file. */
async function listTables(connection: Connection, statements: string[]): Promise<string[]> {
  const [rows] = await connection.query<RowDataPacket[]>(
    'select table_name as name from information_schema.tables where table_schema = database()',
  );
  const existing = new Set(rows.map(({ name }) => String(name)));
  return statements
    .flatMap((statement) => findCreatedTable(statement) ?? [])
    .filter((name) => existing.has(name));
}

async function assertTablesEmpty(
  connection: Connection,
  tables: string[],
  replaceWith: string,
): Promise<void> {
  const filled: string[] = [];
  for (const table of tables) {
    const [counts] = await connection.query<RowDataPacket[]>(
      `select count(*) as total from ${mysql.escapeId(table)}`,
    );
    const total = Number(counts[0]?.total);
    if (total > 0) filled.push(`${table} (${total})`);
  }
  if (filled.length === 0) return;
  throw new OperatorError(
    `Nothing was changed, because these tables have rows: ${filled.join(', ')}. To delete all rows and create new tables, run ${replaceWith}`,
  );
}

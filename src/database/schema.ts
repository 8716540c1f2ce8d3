import { readFile } from 'node:fs/promises';
import mysql, { type Connection, type ResultSetHeader, type RowDataPacket } from 'mysql2/promise';
import type { DatabaseConfig } from '../config/config.ts';
import { OperatorError } from '../errors/operator-error.ts';
import { addTakenNames } from './add-taken-names.ts';
import { applyMigrations, recordAllMigrations } from './migrations.ts';
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
   */
  existing: 'refuse' | 'replace';
  /** The command that replaces the tables, for the message of `refuse`. */
  replaceWith?: string;
}

/**
 * Creates MiniTwit's tables with the statements of `schema.sql`. Concurrent calls run one after another. Use `refuse`
 * only while no process writes: rows that are inserted after the count are lost.
 * @throws OperatorError, one line, if `refuse` finds rows (nothing is changed then), and the errors of `withConnection`
 */
export async function initializeSchema(
  config: DatabaseConfig,
  { existing, replaceWith = 'npm run initdb -- --force', ...retryOptions }: SchemaOptions,
): Promise<void> {
  const statements = await readStatements();
  await withLockedSchema(config, retryOptions, async (connection) => {
    const tables = await listTables(connection, statements);
    // A table that the file fills itself has no rows of users.
    const filled = new Set(statements.map(findFilledTable));
    const others = tables.filter((table) => !filled.has(table));
    if (existing === 'refuse') await assertTablesEmpty(connection, others, replaceWith);
    await createTables(connection, statements);
  });
}

async function createTables(connection: Connection, statements: string[]): Promise<void> {
  for (const statement of statements) await connection.query(statement);
  await recordAllMigrations(connection);
}

/** The changes that migrateSchema has made. */
export interface SchemaChanges {
  /** Whether the database was empty and got all tables. */
  isNew: boolean;
  /** The applied migrations, such as `002 no-cascades`, in their order. */
  migrations: string[];
  /** The number of users that got a profile, because their version of MiniTwit had none. */
  profiles: number;
  /** The number of users whose names were stored as taken, because their version of MiniTwit did not store them. */
  names: number;
}

/**
 * Applies the migrations that a database lacks, while MiniTwit runs on it. An empty database gets the tables of
 * `schema.sql`. Concurrent calls run one after another, and an interrupted one continues where it ended.
 * @throws OperatorError, one line, if a file was changed after it had been applied, and the errors of `withConnection`
 */
export async function migrateSchema(
  config: DatabaseConfig,
  retryOptions: RetryOptions,
): Promise<SchemaChanges> {
  return withMigratedTables(config, retryOptions, async (connection, { isNew, migrations }) => {
    if (isNew) return { isNew, migrations, profiles: 0, names: 0 };
    const profiles = await addProfiles(connection);
    return { isNew, migrations, profiles, names: await addTakenNames(connection) };
  });
}

/**
 * Applies the migrations like `migrateSchema`, but adds no rows that are computed from others: no profiles and no taken
 * names. MiniTwit cannot run on such a database.
 */
export async function migrateTables(
  config: DatabaseConfig,
  retryOptions: RetryOptions,
): Promise<void> {
  await withMigratedTables(config, retryOptions, async () => undefined);
}

async function withMigratedTables<T>(
  config: DatabaseConfig,
  retryOptions: RetryOptions,
  work: (
    connection: Connection,
    changes: Pick<SchemaChanges, 'isNew' | 'migrations'>,
  ) => Promise<T>,
): Promise<T> {
  const statements = await readStatements();
  return withLockedSchema(config, retryOptions, async (connection) => {
    if ((await listTables(connection, statements)).length === 0) {
      await createTables(connection, statements);
      return work(connection, { isNew: true, migrations: [] });
    }
    const { onWait } = retryOptions;
    const migrations = await applyMigrations(connection, { databaseName: config.name, onWait });
    return work(connection, { isNew: false, migrations });
  });
}

/** Creates the profiles of the users who have none. Returns their number. */
export async function addProfiles(connection: Connection): Promise<number> {
  let added = 0;
  for (const statement of (await readStatements()).filter(isInsert)) {
    const [{ affectedRows }] = await connection.query<ResultSetHeader>(statement);
    added += affectedRows;
  }
  return added;
}

/** Instances that start at the same time find the same migrations missing. */
async function withLockedSchema<T>(
  config: DatabaseConfig,
  retryOptions: RetryOptions,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  return withConnection(config, retryOptions, async (connection) => {
    await acquireNamedLock(connection, {
      name: `minitwit schema ${config.name}`,
      work: 'changing the tables',
      waitMaxMs: retryOptions.waitMaxMs,
    });
    return work(connection);
  });
}

async function readStatements(): Promise<string[]> {
  return splitStatements(await readFile(SCHEMA, 'utf8'));
}

function isInsert(statement: string): boolean {
  return statement.startsWith('insert into ');
}

function findCreatedTable(statement: string): string | null {
  return /^create table (\w+)/.exec(statement)?.[1] ?? null;
}

function findFilledTable(statement: string): string | null {
  return /^insert ignore into (\w+)/.exec(statement)?.[1] ?? null;
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

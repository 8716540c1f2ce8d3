import { readFile } from 'node:fs/promises';
import mysql, { type Connection, type ResultSetHeader, type RowDataPacket } from 'mysql2/promise';
import type { DatabaseConfig } from '../config/config.ts';
import { OperatorError } from '../errors/operator-error.ts';
import { type RetryOptions, withConnection } from './with-connection.ts';
import { splitStatements } from './split-statements.ts';

const SCHEMA = new URL('../../schema.sql', import.meta.url);

/** What to do about tables that are there already. */
export interface SchemaOptions extends RetryOptions {
  /**
   * `refuse` when one holds rows, `replace` them whatever they hold, or `keep` them: add the tables that are
   * missing, and the rows that follow from others.
   */
  existing: 'refuse' | 'replace' | 'keep';
  /** The command that replaces what is refused, for whoever reads that. */
  replaceWith?: string;
}

/**
 * Creates MiniTwit's tables as `schema.sql` says, after it removed those of the same names, unless they
 * are to be kept. To replace is for databases that nobody writes to yet: rows that come after it has
 * counted are lost. Several who do this at once do it one after the other.
 * @returns the names of the tables that it created or added rows to, in the file's order
 * @throws OperatorError, one line, when a table holds rows (nothing is changed then), when the
 *   settings do not lead to a database, and when the server did not answer in time
 */
export async function initializeSchema(
  config: DatabaseConfig,
  { existing, replaceWith = 'npm run initdb -- --force', ...patience }: SchemaOptions,
): Promise<string[]> {
  const statements = splitStatements(await readFile(SCHEMA, 'utf8'));
  return withConnection(config, patience, async (connection) => {
    await acquireSchemaLock(connection, patience.waitMaxMs);
    const there = await listTables(connection, statements);
    if (existing === 'refuse') await assertTablesEmpty(connection, there, replaceWith);
    const adds = (statement: string) => {
      const table = findCreatedTable(statement);
      return table === null ? findFilledTable(statement) !== null : !there.includes(table);
    };
    const changed = new Set<string>();
    for (const statement of existing === 'keep' ? statements.filter(adds) : statements) {
      const [{ affectedRows }] = await connection.query<ResultSetHeader>(statement);
      const filled = affectedRows > 0 ? findFilledTable(statement) : null;
      const table = findCreatedTable(statement) ?? filled;
      if (table !== null) changed.add(table);
    }
    return Array.from(changed);
  });
}

/**
 * Instances that start together find tables missing together, and each would want to make them. The turn
 * ends with the connection.
 */
async function acquireSchemaLock(connection: Connection, waitMaxMs: number): Promise<void> {
  // A lock's name is for the whole server, and as short as that of a database may be. (MySQL 9.7 has
  // neither sha1 nor md5.)
  const [rows] = await connection.query<RowDataPacket[]>(
    "select get_lock(sha2(concat('minitwit schema ', database()), 224), :waitMaxS) as isMine",
    { waitMaxS: waitMaxMs / 1000 },
  );
  if (rows[0]?.isMine !== 1) {
    throw new OperatorError('Somebody else has been changing the tables for too long.');
  }
}

function findCreatedTable(statement: string): string | null {
  return /^create table (\w+)/.exec(statement)?.[1] ?? null;
}

function findFilledTable(statement: string): string | null {
  return /^insert into (\w+)/.exec(statement)?.[1] ?? null;
}

/** Those of the file's tables that are there, in its order. */
async function listTables(connection: Connection, statements: string[]): Promise<string[]> {
  const [rows] = await connection.query<RowDataPacket[]>(
    'select table_name as name from information_schema.tables where table_schema = database()',
  );
  const there = new Set(rows.map(({ name }) => String(name)));
  return statements
    .flatMap((statement) => findCreatedTable(statement) ?? [])
    .filter((name) => there.has(name));
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
    `Nothing was changed: these tables hold rows: ${filled.join(', ')}. To delete them all and start anew: ${replaceWith}`,
  );
}

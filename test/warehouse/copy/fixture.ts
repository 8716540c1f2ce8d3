import { beforeAll, beforeEach } from 'vitest';
import type { DatabaseConfig } from '../../../src/config/config.ts';
import { withConnection } from '../../../src/database/with-connection.ts';
import { initializeSchema } from '../../../src/database/schema.ts';
import {
  type CopyResult,
  copyDatabase,
  type CopyOptions,
} from '../../../src/warehouse/copy/copy-database.ts';
import type { CopiedTable } from '../../../src/warehouse/copy/copied-table.ts';
import { runSql, useEmptyDatabase } from '../../support/database.ts';

const WAIT_MAX_MS = 10_000;

// Ids of two ranges, which are compared separately, and of several blocks of the first.
export const IDS = [1, 2, 40, 70_000];

/** The statements that fill the source with four users. */
export const FILL = [
  ...IDS.flatMap((id) => [
    `insert into user (user_id, username, email, pw_hash) values (${id}, 'user ${id}', '${id}@example.com', 'hash of ${id}')`,
    `insert into message (message_id, author_id, text, pub_date) values (${id}, ${id}, 'says ${id}', 1700000000)`,
    `insert into profile (user_id, newest_ids, newest_id) values (${id}, '${id}', ${id})`,
  ]),
  'insert into follower (who_id, whom_id) values (1, 2), (1, 40), (70000, 1)',
  `insert into session (session_id, user_id, expires_s) values ('${'x'.repeat(32)}', 1, 1700000000)`,
];

/** Deletes all rows of a database, whose tables stay. */
export function deleteRows(config: DatabaseConfig): Promise<void> {
  const tables = [
    'session',
    'hidden_author',
    'taken_name',
    'profile',
    'follower',
    'message',
    'user',
  ];
  return runSql(config, ...tables.map((table) => `delete from ${table}`));
}

/** Drops and creates MiniTwit's tables. */
export async function recreateTables(config: DatabaseConfig): Promise<void> {
  await initializeSchema(config, { existing: 'replace', waitMaxMs: WAIT_MAX_MS });
}

/** Creates a source that holds four users at the start of each test, and an empty warehouse. */
export function useCopy(): {
  source: DatabaseConfig;
  warehouse: DatabaseConfig;
  /** Copies the one into the other, or as the parameters name them. */
  copy: (
    options?: Partial<CopyOptions>,
    from?: DatabaseConfig,
    to?: DatabaseConfig,
  ) => Promise<CopyResult>;
} {
  const source = useEmptyDatabase();
  const warehouse = useEmptyDatabase();
  beforeAll(() => Promise.all([source, warehouse].map(recreateTables)));
  beforeEach(async () => {
    await deleteRows(warehouse);
    await deleteRows(source);
    await runSql(source, ...FILL);
  });
  const copy = (options: Partial<CopyOptions> = {}, from = source, to = warehouse) =>
    copyDatabase(from, to, {
      withCredentials: false,
      maxRowsPerSecond: null,
      onProgress: () => undefined,
      signal: new AbortController().signal,
      ...options,
    });
  return { source, warehouse, copy };
}

/** The rows that a query returns, each an array. */
export function read(config: DatabaseConfig, sql: string): Promise<unknown[]> {
  return withConnection(config, { waitMaxMs: WAIT_MAX_MS }, async (connection) => {
    const [rows] = await connection.query({ sql, rowsAsArray: true });
    return rows as unknown[];
  });
}

/** How many rows of a table were sent and deleted, and how many it has now. */
export function changes(tables: CopiedTable[], name: string): Partial<CopiedTable> | undefined {
  const found = tables.find(({ table }) => table === name);
  return found && { sent: found.sent, deleted: found.deleted, rows: found.rows };
}

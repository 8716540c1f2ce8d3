import type { ExportedTable } from './manifest.ts';

/** The type of a column of a Parquet file. */
export type ColumnType = 'BIGINT' | 'VARCHAR';

/**
 * The columns of the Parquet files of each table, in order, with their DuckDB types. Numbers are signed 64-bit, which
 * Athena, R and pandas can all read. Times are in seconds since 1970. `registered_at` is null for users who
 * registered before MiniTwit stored the time. The files have no email addresses and no password hashes.
 */
export const COLUMNS: Record<ExportedTable, Record<string, ColumnType>> = {
  user: { user_id: 'BIGINT', username: 'VARCHAR', registered_at: 'BIGINT' },
  message: { message_id: 'BIGINT', author_id: 'BIGINT', text: 'VARCHAR', pub_date: 'BIGINT' },
  follower: { who_id: 'BIGINT', whom_id: 'BIGINT' },
};

/** Returns the names of the columns of a table. */
export function columnsOf(table: ExportedTable): string[] {
  return Object.keys(COLUMNS[table]);
}

import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { RowDataPacket } from 'mysql2/promise';
import { formatSize } from '../../cli/format-size.ts';
import type { DatabaseConfig } from '../../config/config.ts';
import { withConnection } from '../../database/with-connection.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { TABLES } from '../copy/tables.ts';
import { sumFiles } from './sum-files.ts';

const MIB = 2 ** 20;
// An empty MariaDB has 110 MiB.
const NEW_MARIADB_BYTES = 128 * MIB;
// For temporary files of MariaDB and DuckDB, and the report.
const WORK_BYTES = 256 * MIB;
// The Parquet files of a million messages took a seventh of InnoDB's bytes. A run may write all parts again.
const PARQUET_SHARE = 1 / 5;
const SOURCE_TIMEOUT_MS = 10_000;

/**
 * Checks that the disk has space for a copy of the source and its Parquet files, besides what the folder already has.
 * @param folder the existing folder of the warehouse's data
 * @throws OperatorError with the free and the needed space; when the source does not answer
 */
export async function assertDiskSpace(folder: string, source: DatabaseConfig): Promise<void> {
  const [needed, { bavail, bsize }] = await Promise.all([
    estimateBytes(folder, source),
    statfs(folder),
  ]);
  const free = bavail * bsize;
  if (free >= needed) return;
  throw new OperatorError(
    `The disk of ${folder} has ${formatSize(free)} of free space, and this run needs about ${formatSize(needed)}, for ` +
      'the copy, its Parquet files and temporary files. Nothing was copied. Free disk space, then run the command again.',
  );
}

/** Returns about how many bytes a run adds to the folder. */
async function estimateBytes(folder: string, source: DatabaseConfig): Promise<number> {
  const [size, copied] = await Promise.all([
    readSourceSize(source),
    // The database of a private MariaDB is called `minitwit`.
    sumFiles(join(folder, 'mariadb', 'data', 'minitwit')).catch(() => null),
  ]);
  return (
    WORK_BYTES +
    (copied === null ? NEW_MARIADB_BYTES : 0) +
    Math.max(0, size - (copied ?? 0)) +
    Math.ceil(size * PARQUET_SHARE)
  );
}

/** Returns the bytes of the source's tables that are copied, with their indexes, as the server estimates them. */
async function readSourceSize(source: DatabaseConfig): Promise<number> {
  return withConnection(source, { waitMaxMs: SOURCE_TIMEOUT_MS }, async (connection) => {
    const sql = `select coalesce(sum(data_length + index_length), 0) as bytes from information_schema.tables
      where table_schema = database() and table_name in (:tables)`;
    const tables = TABLES.map(({ name }) => name);
    const [[row]] = await connection.query<RowDataPacket[]>(sql, { tables });
    return Number(row?.bytes);
  });
}

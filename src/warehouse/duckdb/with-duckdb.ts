import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { toDiskFullError } from './disk-full.ts';

// With Node.js's own memory, a run stays below 400 MB.
const MEMORY_LIMIT = '130MB';
const THREADS = 2;

/** The options of withDuckdb. */
export interface DuckdbOptions {
  /** The number of threads, 2 by default. Each needs memory: with 1, DuckDB sorts more data within its memory limit. */
  threads?: number;
}

/**
 * Opens an empty DuckDB database in memory, and calls `work` with a connection to it. DuckDB moves data that exceeds its
 * memory limit to a temporary folder in `folder`. It loads no extension from the network.
 * @param folder an existing folder on a disk with space for the temporary data
 * @throws OperatorError if a disk is full
 */
export async function withDuckdb<T>(
  folder: string,
  work: (duckdb: DuckDBConnection) => Promise<T>,
  { threads = THREADS }: DuckdbOptions = {},
): Promise<T> {
  const scratch = await mkdtemp(join(folder, 'duckdb-'));
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: MEMORY_LIMIT,
    threads: String(threads),
    temp_directory: scratch,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_community_extensions: 'false',
  });
  const connection = await instance.connect();
  try {
    await connection.run("set TimeZone = 'UTC'");
    return await work(connection);
  } catch (error) {
    throw toDiskFullError(error, folder);
  } finally {
    connection.closeSync();
    instance.closeSync();
    await rm(scratch, { recursive: true, force: true });
  }
}

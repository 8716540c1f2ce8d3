import { createRunId } from '../../../src/cli/run-id.ts';
import { withDuckdb } from '../../../src/warehouse/duckdb/with-duckdb.ts';
import { temporaryFolder, writeManifest } from '../../../src/warehouse/parquet/folder.ts';
import type {
  ExportedTable,
  Manifest,
  ParquetFile,
} from '../../../src/warehouse/parquet/manifest.ts';
import type { ParquetStore } from '../../../src/warehouse/parquet/store.ts';
import { writeParquetFile } from '../../../src/warehouse/parquet/write-file.ts';

/** The ids of a run's rows: of users, of messages and their authors, and of follows. All are in part 0. */
export interface RunRows {
  user: number[];
  message: [id: number, author: number][];
  follower: [who: number, whom: number][];
}

let runs = 0;

/** Writes the Parquet files and the manifest of a run that is later than those before. */
export async function writeRun({ folder, open }: ParquetStore, rows: RunRows): Promise<Manifest> {
  await open();
  const queries: Record<ExportedTable, string[]> = {
    user: rows.user.map((id) => `(${id}, 'user ${id}', null)`),
    message: rows.message.map(([id, author]) => `(${id}, ${author}, 'text ${id}', 1700000000)`),
    follower: rows.follower.map(([who, whom]) => `(${who}, ${whom})`),
  };
  const columns = {
    user: 'user_id::bigint as user_id, username, registered_at::bigint as registered_at',
    message:
      'message_id::bigint as message_id, author_id::bigint as author_id, text, pub_date::bigint as pub_date',
    follower: 'who_id::bigint as who_id, whom_id::bigint as whom_id',
  };
  const names = {
    user: 'user_id, username, registered_at',
    message: 'message_id, author_id, text, pub_date',
    follower: 'who_id, whom_id',
  };
  const write = async (table: ExportedTable): Promise<Manifest['tables']['user']> => {
    const values = queries[table];
    if (values.length === 0) return { rows: 0, files: [] };
    const query = `select ${columns[table]} from (values ${values.join()}) as t(${names[table]})`;
    const written = await withDuckdb(temporaryFolder(folder), (duckdb) =>
      writeParquetFile(duckdb, folder, { table, part: 0, query, rowCharacters: 10 }),
    );
    const checksum = BigInt(`0x${written.sha256.slice(0, 15)}`).toString();
    const file: ParquetFile = { ...written, checksum, provedAtS: 1_700_000_000 };
    return { rows: file.rows, files: [file] };
  };
  runs += 1;
  const at = new Date(Date.UTC(2026, 0, 1, 0, runs));
  const manifest: Manifest = {
    format: 1,
    run: createRunId(at),
    program: '1.11.0',
    asOf: at.toISOString(),
    tables: {
      user: await write('user'),
      message: await write('message'),
      follower: await write('follower'),
    },
    figures: { people: rows.user.length },
  };
  await writeManifest(folder, manifest);
  return manifest;
}

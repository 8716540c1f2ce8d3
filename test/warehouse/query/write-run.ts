import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { withDuckdb } from '../../../src/warehouse/duckdb/with-duckdb.ts';
import type { ExportedTable, Manifest } from '../../../src/warehouse/parquet/manifest.ts';
import { quoteText } from '../../../src/warehouse/duckdb/quote-text.ts';

const TABLES: Record<ExportedTable, string> = {
  user: `select * from (values (1, 'alice', null), (2, 'bob', 1700000000)) as t (user_id, username, registered_at)`,
  message: `select * from (values (1, 1, 'hello', 1700000000), (2, 2, '@alice "hi", you' || chr(10) || 'there', 1700086400))
    as t (message_id, author_id, text, pub_date)`,
  follower: 'select 1 as who_id, 2 as whom_id',
};

/**
 * Writes the Parquet files and the manifest of a run, as the export does.
 * @param parquet the folder of the Parquet files
 * @param tables queries for the rows of tables; by default two users, each with a message, and one follows the other
 */
export async function writeRun(
  parquet: string,
  tables: Partial<typeof TABLES> = {},
  run = '20261123T001500Z-0a1b',
): Promise<void> {
  await mkdir(join(parquet, 'manifests'), { recursive: true });
  const entries = await withDuckdb(parquet, async (duckdb) => {
    const written: [ExportedTable, Manifest['tables']['user']][] = [];
    for (const table of Object.keys(TABLES) as ExportedTable[]) {
      const path = `${table}/part=0/${run.slice(0, 8)}${run.slice(-4)}0000.parquet`;
      await mkdir(dirname(join(parquet, path)), { recursive: true });
      const query = tables[table] ?? TABLES[table];
      await duckdb.run(`copy (${query}) to ${quoteText(join(parquet, path))} (format parquet)`);
      const file = {
        path,
        part: 0,
        rows: 1,
        bytes: 1,
        sha256: '0'.repeat(64),
        checksum: '0',
        provedAtS: 0,
      };
      written.push([table, { rows: 1, files: [file] }]);
    }
    return written;
  });
  const manifest = {
    format: 1,
    run,
    program: '1.11.0',
    asOf: '2026-11-23T00:15:00.000Z',
    tables: Object.fromEntries(entries),
    figures: {},
  };
  await writeFile(join(parquet, 'manifests', `${run}.json`), JSON.stringify(manifest));
}

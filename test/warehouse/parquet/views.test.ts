import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { expect, onTestFinished, test } from 'vitest';
import { withDuckdb } from '../../../src/warehouse/duckdb/with-duckdb.ts';
import type { ExportedTable, Manifest } from '../../../src/warehouse/parquet/manifest.ts';
import { quoteText } from '../../../src/warehouse/duckdb/quote-text.ts';
import { createViews } from '../../../src/warehouse/parquet/views.ts';

type Files = Partial<Record<ExportedTable, string[]>>;

/** Creates a manifest of Parquet files with the results of queries, each of which is a part. */
async function writeFiles(
  duckdb: DuckDBConnection,
  folder: string,
  queries: Files,
): Promise<Manifest> {
  const write = async (table: ExportedTable) => {
    const files: Manifest['tables']['user']['files'] = [];
    for (const [part, query] of (queries[table] ?? []).entries()) {
      const path = `${table}/part=${part}/${'0'.repeat(16)}.parquet`;
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await duckdb.run(`copy (${query}) to ${quoteText(join(folder, path))} (format parquet)`);
      const sums = { sha256: '0'.repeat(64), checksum: '0', provedAtS: 0 };
      files.push({ path, part, rows: 1, bytes: 1, ...sums });
    }
    return { rows: files.length, files };
  };
  return {
    format: 1,
    run: '20261123T001500Z-0a1b',
    program: '1.11.0',
    asOf: '2026-11-23T00:15:00.000Z',
    tables: {
      user: await write('user'),
      message: await write('message'),
      follower: await write('follower'),
    },
    figures: {},
  };
}

async function withFolder(
  name: string,
  work: (duckdb: DuckDBConnection, folder: string) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), name));
  onTestFinished(() => rm(folder, { recursive: true }));
  await withDuckdb(folder, (duckdb) => work(duckdb, folder));
}

async function read(duckdb: DuckDBConnection, sql: string): Promise<unknown[]> {
  return (await duckdb.runAndReadAll(sql)).getRowsJson();
}

const ALICE = "select 1::bigint as user_id, 'alice' as username, null::bigint as registered_at";
const BOB = "select 1048576::bigint as user_id, 'bob' as username, 3::bigint as registered_at";

test('views have the rows of all files in the order of the parts', async () => {
  await withFolder('minitwit-views-', async (duckdb, folder) => {
    await createViews(duckdb, folder, await writeFiles(duckdb, folder, { user: [ALICE, BOB] }));
    expect(await read(duckdb, 'select * from user')).toEqual([
      ['1', 'alice', null],
      ['1048576', 'bob', '3'],
    ]);
  });
});

test('the view of a table without files is empty, and has the columns of the table', async () => {
  await withFolder('minitwit-views-', async (duckdb, folder) => {
    await createViews(duckdb, folder, await writeFiles(duckdb, folder, {}));
    const types = async (table: string) =>
      read(duckdb, `select column_name, column_type from (describe ${table})`);
    expect(await types('message')).toEqual([
      ['message_id', 'BIGINT'],
      ['author_id', 'BIGINT'],
      ['text', 'VARCHAR'],
      ['pub_date', 'BIGINT'],
    ]);
    expect(await read(duckdb, 'select count(*) from follower')).toEqual([['0']]);
  });
});

test('views of an earlier manifest are in a schema of their own', async () => {
  await withFolder('minitwit-views-', async (duckdb, folder) => {
    const before = await writeFiles(duckdb, join(folder, 'before'), { user: [ALICE] });
    await createViews(duckdb, join(folder, 'before'), before, 'before');
    await createViews(duckdb, folder, await writeFiles(duckdb, folder, { user: [BOB] }));
    expect(await read(duckdb, 'select username from before.user')).toEqual([['alice']]);
    expect(await read(duckdb, 'select username from user')).toEqual([['bob']]);
  });
});

test('the path of the folder can have quotes, spaces and wildcards', async () => {
  await withFolder("minitwit 'views' [ab]*?-", async (duckdb, folder) => {
    await createViews(duckdb, folder, await writeFiles(duckdb, folder, { user: [ALICE, BOB] }));
    expect(await read(duckdb, 'select count(*) from user')).toEqual([['2']]);
  });
});

test('a missing file is an error', async () => {
  await withFolder('minitwit-views-', async (duckdb, folder) => {
    const manifest = await writeFiles(duckdb, folder, { user: [ALICE, BOB] });
    await rm(join(folder, manifest.tables.user.files[1]?.path ?? ''));
    await expect(createViews(duckdb, folder, manifest)).rejects.toThrow('No files found');
  });
});

import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import {
  type HistoryContext,
  printHistory,
  pruneHistory,
} from '../../../src/warehouse/commands/history.ts';
import { purge } from '../../../src/warehouse/commands/purge.ts';
import { findPrevious } from '../../../src/warehouse/parquet/history.ts';
import { withDuckdb } from '../../../src/warehouse/duckdb/with-duckdb.ts';
import {
  listFiles,
  readManifests,
  temporaryFolder,
  writeManifest,
} from '../../../src/warehouse/parquet/folder.ts';
import { writeParquetFile } from '../../../src/warehouse/parquet/write-file.ts';
import { listParquet, queryFiles, useParquetFolder } from './fixture.ts';
import { type RunRows, writeRun } from './write-run.ts';

const BEFORE: RunRows = {
  user: [1, 2, 3],
  message: [
    [10, 1],
    [11, 2],
    [12, 3],
  ],
  follower: [
    [1, 2],
    [2, 3],
    [3, 1],
  ],
};
// User 3 is deleted, and so is the message 11.
const AFTER: RunRows = { user: [1, 2, 4], message: [[10, 1]], follower: [[1, 2]] };

const folder = useParquetFolder();
let printed: string[];
let context: HistoryContext;
beforeEach(() => {
  printed = [];
  context = {
    folder: folder.path,
    store: folder.store,
    copy: null,
    print: (line) => void printed.push(line),
    signal: new AbortController().signal,
  };
});

async function namedFiles(): Promise<string[]> {
  const manifests = await readManifests(folder.path);
  return Array.from(new Set(manifests.flatMap(listFiles).map(({ path }) => path))).toSorted();
}

test('history lists the runs with their rows, the newest first', async () => {
  await printHistory(context);
  expect(printed).toEqual(['There are no Parquet files yet. Each run writes some.']);
  printed.length = 0;
  const [first, second] = [
    await writeRun(folder.store, BEFORE),
    await writeRun(folder.store, AFTER),
  ];
  await printHistory(context);
  expect(printed[0]).toMatch(/^TIME \(UTC\) +RUN +USERS +MESSAGES +FOLLOWS +SIZE$/);
  expect(printed[1]).toMatch(new RegExp(`${second.run} +3 +1 +1 +[\\d.]+ k?B$`));
  expect(printed[2]).toContain(first.run);
});

test('history prune deletes the oldest runs, and the files that no other run has', async () => {
  const first = await writeRun(folder.store, BEFORE);
  const second = await writeRun(folder.store, { ...BEFORE, message: [[10, 1]] });
  await pruneHistory(context, 1);
  expect((await readManifests(folder.path)).map(({ run }) => run)).toEqual([second.run]);
  expect(await listParquet(folder.path)).toEqual(await namedFiles());
  expect(printed.join('\n')).toContain(first.run);
  expect(printed.at(-1)).toBe('Deleted 1 of 2 runs, and 1 files here.');
  await pruneHistory(context, 1);
  expect(printed.at(-1)).toBe('There is no run to delete beyond the newest 1.');
});

test('purge removes deleted users and messages from the files of earlier runs', async () => {
  const { run } = await writeRun(folder.store, BEFORE);
  const newest = await writeRun(folder.store, AFTER);
  await purge(context);
  const [current, earlier] = await readManifests(folder.path);
  expect(current).toEqual(newest);
  if (!earlier) throw new Error('The earlier run is missing.');
  expect(earlier.run).toBe(run);
  const read = (sql: string) => queryFiles(folder.path, earlier, sql);
  expect(await read('select user_id from user')).toEqual([['1'], ['2']]);
  expect(await read('select message_id from message')).toEqual([['10']]);
  expect(await read('select who_id, whom_id from follower')).toEqual([['1', '2']]);
  expect(earlier.tables.user.rows).toBe(2);
  // The old files are gone.
  expect(await listParquet(folder.path)).toEqual(await namedFiles());
});

test('purge retains the ended follows of users who are still there', async () => {
  await writeRun(folder.store, BEFORE);
  await writeRun(folder.store, { ...AFTER, follower: [] });
  await purge(context);
  const [, earlier] = await readManifests(folder.path);
  if (!earlier) throw new Error('The earlier run is missing.');
  const rows = await queryFiles(folder.path, earlier, 'select who_id, whom_id from follower');
  expect(rows).toEqual([['1', '2']]);
});

test('purge deletes the reports of earlier runs whose Parquet files were pruned', async () => {
  const runs = [
    await writeRun(folder.store, BEFORE),
    await writeRun(folder.store, AFTER),
    await writeRun(folder.store, AFTER),
  ];
  for (const { run } of runs) {
    await mkdir(join(folder.path, 'runs', run), { recursive: true });
    await writeFile(join(folder.path, 'runs', run, 'report.html'), 'user 3');
  }
  await pruneHistory(context, 2);
  await purge(context);
  expect(await readdir(join(folder.path, 'runs'))).toEqual(runs.slice(1).map(({ run }) => run));
});

test('purge deletes the reports of the runs that had deleted users, and no other', async () => {
  const runs = [
    await writeRun(folder.store, BEFORE),
    await writeRun(folder.store, AFTER),
    await writeRun(folder.store, AFTER),
  ];
  for (const { run } of runs) {
    await mkdir(join(folder.path, 'runs', run), { recursive: true });
    await writeFile(join(folder.path, 'runs', run, 'report.html'), 'user 3');
  }
  await purge(context);
  const [, second, third] = runs.map(({ run }) => run);
  expect(await readdir(join(folder.path, 'runs'))).toEqual([second, third]);
});

test('purge rewrites texts that exceed its memory, in the order of their ids', async () => {
  await folder.store.open();
  const rows = 100_000;
  const writeTexts = (first: number) =>
    withDuckdb(
      temporaryFolder(folder.path),
      (duckdb) =>
        writeParquetFile(duckdb, folder.path, {
          table: 'message',
          part: 0,
          query: `select range as message_id, 1::bigint as author_id, repeat(md5(range::varchar), 87) as text,
            range as pub_date from range(${first}, ${rows})`,
          rowCharacters: 87 * 32,
        }),
      { threads: 1 },
    );
  const writeTextsOf = async (first: number) => {
    const manifest = await writeRun(folder.store, { user: [1], message: [], follower: [] });
    const file = { ...(await writeTexts(first)), checksum: '1', provedAtS: 1 };
    manifest.tables.message = { rows: file.rows, files: [file] };
    await writeManifest(folder.path, manifest);
  };
  await writeTextsOf(0);
  await writeTextsOf(1);
  await purge(context);
  const [, earlier] = await readManifests(folder.path);
  if (!earlier) throw new Error('The earlier run is missing.');
  const sql = `select count(*), bool_and(message_id > before)
    from (select message_id, lag(message_id, 1, -1) over () as before from message)`;
  expect(await queryFiles(folder.path, earlier, sql)).toEqual([[String(rows - 1), true]]);
});

test('purge changes nothing if no user or message was deleted', async () => {
  await writeRun(folder.store, AFTER);
  const first = await readManifests(folder.path);
  await writeRun(folder.store, { ...AFTER, user: [1, 2, 4, 5] });
  await purge(context);
  expect((await readManifests(folder.path)).slice(1)).toEqual(first);
});

test('purge removes all rows of a part that the newest run does not have', async () => {
  await writeRun(folder.store, BEFORE);
  await writeRun(folder.store, { user: [], message: [], follower: [] });
  await purge(context);
  const [, earlier] = await readManifests(folder.path);
  expect(earlier?.tables.message).toEqual({ rows: 0, files: [] });
  expect(await listParquet(folder.path)).toEqual([]);
});

test('purge ends with the run of a missing file, and can be repeated', async () => {
  const first = await writeRun(folder.store, BEFORE);
  await writeRun(folder.store, AFTER);
  const path = first.tables.message.files[0]?.path ?? '';
  await rm(join(folder.path, path));
  await expect(purge(context)).rejects.toThrow(
    `The file ${path} of the run ${first.run} is missing`,
  );
  expect((await readManifests(folder.path))[1]).toEqual(first);
  await pruneHistory(context, 1);
  await purge(context);
  expect(existsSync(join(folder.path, 'message/part=0'))).toBe(true);
});

test('a run is compared with the newest run whose data differs, also after a purge', async () => {
  const first = await writeRun(folder.store, BEFORE);
  await writeRun(folder.store, AFTER);
  const newest = await writeRun(folder.store, AFTER);
  await purge(context);
  const previous = findPrevious(await readManifests(folder.path), newest.tables);
  expect(previous?.run).toBe(first.run);
});

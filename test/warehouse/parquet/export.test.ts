import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { withDuckdb } from '../../../src/warehouse/duckdb/with-duckdb.ts';
import { hashFile } from '../../../src/warehouse/parquet/durable-files.ts';
import { listFiles, readManifests } from '../../../src/warehouse/parquet/folder.ts';
import { quoteText } from '../../../src/warehouse/duckdb/quote-text.ts';
import { runSql } from '../../support/database.ts';
import { useCopy } from '../copy/fixture.ts';
import { exportRun, listParquet, queryFiles, useParquetFolder } from './fixture.ts';

const { source, warehouse, copy } = useCopy();
const folder = useParquetFolder();

test('the exported files have the rows of the copy, without email addresses and hashes', async () => {
  await runSql(source, 'update user set registered_at = 1700000000 where user_id = 1');
  const { manifest, exported } = await exportRun(
    folder,
    warehouse,
    await copy({ withCredentials: true }),
  );
  const read = (sql: string) => queryFiles(folder.path, manifest, sql);
  expect(await read('select * from user')).toEqual([
    ['1', 'user 1', '1700000000'],
    ['2', 'user 2', null],
    ['40', 'user 40', null],
    ['70000', 'user 70000', null],
  ]);
  expect(await read('select * from message where message_id = 40')).toEqual([
    ['40', '40', 'says 40', '1700000000'],
  ]);
  // The key 70000 is in the second part.
  expect(await read('select * from follower')).toEqual([
    ['1', '2'],
    ['1', '40'],
    ['70000', '1'],
  ]);
  expect(manifest.tables.follower.files.map(({ part }) => part)).toEqual([0, 1]);
  expect(exported.written).toBe(4);
  const schema = `select name from parquet_schema(${quoteText(join(folder.path, 'user/*/*.parquet'))})`;
  const columns = ['duckdb_schema', 'user_id', 'username', 'registered_at'];
  expect((await read(schema)).flat()).toEqual(columns);
});

test('each file has the size and the hash of the manifest, and only the owner may read it', async () => {
  const { manifest } = await exportRun(folder, warehouse, await copy());
  for (const { path, bytes, sha256 } of listFiles(manifest)) {
    expect(await hashFile(join(folder.path, path))).toEqual({ bytes, sha256 });
    expect(path).toContain(`/${sha256.slice(0, 16)}.parquet`);
    expect((await stat(join(folder.path, path))).mode & 0o077).toBe(0);
  }
  for (const name of ['message', 'message/part=0', 'manifests', 'tmp']) {
    expect((await stat(join(folder.path, name))).mode & 0o077).toBe(0);
  }
});

test('texts are exported as they are', async () => {
  const texts = [
    '',
    'a\0b',
    '\\ \' " \n\r\t',
    '👩‍👩‍👧‍👦 🇩🇪',
    '𝒳'.repeat(2800),
    'NULL',
    "'; drop table part",
  ];
  const values = texts.map(
    (text, index) => `(${index + 100}, 1, x'${Buffer.from(text).toString('hex')}', 4294967295)`,
  );
  await runSql(
    source,
    `insert into message (message_id, author_id, text, pub_date) values ${values.join()}`,
  );
  const { manifest } = await exportRun(folder, warehouse, await copy());
  const rows = await queryFiles(
    folder.path,
    manifest,
    'select text from message where message_id between 100 and 199 order by message_id',
  );
  expect(rows.flat()).toEqual(texts);
});

test('a part that has not changed is not written again', async () => {
  const first = await exportRun(folder, warehouse, await copy());
  await runSql(
    source,
    "insert into message (message_id, author_id, text, pub_date) values (5000000, 1, 'new', 1)",
  );
  const second = await exportRun(folder, warehouse, await copy());
  expect(second.exported.written).toBe(1);
  const [old] = first.manifest.tables.message.files;
  expect(second.manifest.tables.message.files[0]).toEqual({
    ...old,
    provedAtS: expect.any(Number),
  });
  expect(second.manifest.tables.message.rows).toBe(5);
});

test('a part that has changed is a new file, and the earlier manifest still has the old one', async () => {
  const first = await exportRun(folder, warehouse, await copy());
  await runSql(source, 'delete from message where message_id = 2');
  const second = await exportRun(folder, warehouse, await copy({ proveAll: true }));
  const count = 'select count(*) from message';
  expect(await queryFiles(folder.path, first.manifest, count)).toEqual([['4']]);
  expect(await queryFiles(folder.path, second.manifest, count)).toEqual([['3']]);
});

test('a missing or truncated file of the previous run is written again', async () => {
  const first = await exportRun(folder, warehouse, await copy());
  const [user, message] = [
    first.manifest.tables.user.files[0]?.path ?? '',
    first.manifest.tables.message.files[0]?.path ?? '',
  ];
  await rm(join(folder.path, user));
  await writeFile(join(folder.path, message), 'PAR1');
  const second = await exportRun(folder, warehouse, await copy());
  expect(second.exported.written).toBe(2);
  expect(await queryFiles(folder.path, second.manifest, 'select count(*) from message')).toEqual([
    ['4'],
  ]);
});

test('the next run deletes what an interrupted one left, and no file of a manifest', async () => {
  const first = await exportRun(folder, warehouse, await copy());
  const left = [
    'message/part=0/0123456789abcdef.parquet',
    'message/part=9/0123456789abcdef.parquet',
    'tmp/message-0.parquet',
  ];
  await mkdir(join(folder.path, 'message/part=9'));
  for (const path of left) await writeFile(join(folder.path, path), 'half');
  await exportRun(folder, warehouse, await copy());
  expect(await listParquet(folder.path)).toEqual(
    listFiles(first.manifest)
      .map(({ path }) => path)
      .toSorted(),
  );
});

test('rows that changed after they were verified are not exported', async () => {
  const copied = await copy();
  await runSql(warehouse, "update message set text = 'forged' where message_id = 2");
  await expect(exportRun(folder, warehouse, copied)).rejects.toThrow(
    "The warehouse's table message changed after it was verified",
  );
  expect(await readManifests(folder.path)).toEqual([]);
});

test('a full disk is reported with what to do', async () => {
  // Linux refuses every write to this file with ENOSPC.
  const full = withDuckdb(folder.path, (duckdb) =>
    duckdb.run("copy (select 1 as a) to '/dev/full' (format parquet)"),
  );
  await expect(full).rejects.toThrow(`The disk of ${folder.path} is full. Free some space`);
  expect(await readdir(folder.path)).toEqual([]);
});

test('an id of 2^63 is not exported, and the error names it', async () => {
  await runSql(
    source,
    "insert into message (message_id, author_id, text, pub_date) values (9223372036854775807, 1, 'last', 1)",
  );
  const { manifest } = await exportRun(folder, warehouse, await copy());
  expect(await queryFiles(folder.path, manifest, 'select max(message_id) from message')).toEqual([
    ['9223372036854775807'],
  ]);
  await runSql(
    source,
    "insert into message (message_id, author_id, text, pub_date) values (9223372036854775808, 1, 'too far', 1)",
  );
  const copied = await copy();
  await expect(exportRun(folder, warehouse, copied)).rejects.toThrow(
    'message.message_id 9223372036854775808 cannot be exported',
  );
});

import { gunzipSync } from 'node:zlib';
import { beforeAll, expect, inject, test } from 'vitest';
import type { DatabaseConfig } from '../../../src/config/config.ts';
import { withConnection } from '../../../src/database/with-connection.ts';
import { createCopyEndpoint } from '../../../src/warehouse/copy/endpoint.ts';
import { parseLastLine } from '../../../src/warehouse/dump/format.ts';
import { createDump } from '../../../src/warehouse/dump/write-dump.ts';
import { runSql } from '../../support/database.ts';
import { createDatabase, createFilled, nastyRows, readAll } from './databases.ts';
import { dump, linesOf, origin, restore, rowLinesOf } from './dumps.ts';

const waitMaxMs = 10_000;
const server = inject('database');

let source: DatabaseConfig;
/** The dump of the source. */
let bytes: Buffer;

beforeAll(async () => {
  source = await createFilled(server, nastyRows());
  bytes = await dump(source);
});

test('a dump that is restored is the same', async () => {
  const target = await createDatabase(server);
  const header = await restore(bytes, target);
  expect(await readAll(target)).toEqual(await readAll(source));
  expect(rowLinesOf(await dump(target))).toEqual(rowLinesOf(bytes));
  expect(header).toMatchObject({ ...origin, credentials: true, rows: { user: 3, follower: 3 } });
});

test('statements are of a bounded size', async () => {
  const message = Array.from({ length: 1100 }, (_, i) => [
    i + 1,
    1,
    i < 50 ? '🦩'.repeat(2800) : 'x',
    0,
  ]);
  const large = await createFilled(server, { ...nastyRows(), message });
  const inserts = linesOf(await dump(large)).filter((line) =>
    line.startsWith('insert into message '),
  );
  expect(Math.max(...inserts.map((line) => Buffer.byteLength(line)))).toBeLessThan(257 * 1024);
  expect(Math.max(...inserts.map((line) => line.split('), (').length))).toBe(1000);
});

test('a dump holds neither sessions nor rate limits', async () => {
  await runSql(
    source,
    `insert into session (session_id, user_id, expires_s) values ('secret-session', 1, 1)`,
    `insert into rate_limit (\`key\`, points, expire) values ('secret-limit', 1, 1)`,
  );
  expect(gunzipSync(await dump(source)).includes('secret-')).toBe(false);
});

test('a dump without users is restored, and is reported to have no credentials', async () => {
  const empty = await createFilled(server, {});
  const target = await createDatabase(server);
  expect(await restore(await dump(empty), target)).toMatchObject({ credentials: false });
});

test('a dump is of one moment, whatever is written while it is read', async () => {
  const message = Array.from({ length: 5000 }, (_, i) => [
    i + 1,
    1,
    `${Math.random()}`.repeat(10),
    0,
  ]);
  const large = await createFilled(server, { ...nastyRows(), message });
  const before = await readAll(large);
  const dumped = await withConnection(large, { waitMaxMs }, async (connection) => {
    const chunks: Buffer[] = [];
    for await (const chunk of createDump(createCopyEndpoint('The warehouse', connection), origin)) {
      if (chunks.length === 0) await runSql(large, 'delete from message');
      chunks.push(chunk as Buffer);
    }
    return Buffer.concat(chunks);
  });
  const target = await createDatabase(server);
  await restore(dumped, target);
  expect(await readAll(target)).toEqual(before);
});

test('a connection that is lost fails the dump', async () => {
  const attempt = withConnection(source, { waitMaxMs: 0 }, async (connection) => {
    const stream = createDump(createCopyEndpoint('The warehouse', connection), origin);
    connection.destroy();
    await stream.toArray();
  });
  await expect(attempt).rejects.toThrow(/^The warehouse failed: /);
});

test('no dump is written of a table that changed after it was verified', async () => {
  const changed = await createFilled(server, nastyRows());
  const contents = parseLastLine(linesOf(bytes).at(-1) ?? '', 2);
  const dumpVerified = () =>
    withConnection(changed, { waitMaxMs }, (connection) =>
      createDump(createCopyEndpoint('The warehouse', connection), origin, contents).toArray(),
    );
  await dumpVerified();
  await runSql(changed, "update message set text = 'forged' limit 1");
  await expect(dumpVerified()).rejects.toThrow(
    "The warehouse's table message changed after it was verified, so no dump was written.",
  );
});

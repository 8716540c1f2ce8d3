import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import type { RowDataPacket } from 'mysql2/promise';
import { beforeAll, expect, inject, onTestFinished, test } from 'vitest';
import type { DatabaseConfig } from '../../../src/config/config.ts';
import { withConnection } from '../../../src/database/with-connection.ts';
import { restoreDump } from '../../../src/warehouse/dump/load-dump.ts';
import { waitFor } from '../../support/wait-for.ts';
import {
  createDatabase,
  createFilled,
  nastyProfiles,
  nastyRows,
  readAll,
  readRows,
} from './databases.ts';
import { asDump, dump, fromLines, linesOf, restore } from './dumps.ts';

const waitMaxMs = 10_000;
const server = inject('database');

let source: DatabaseConfig;
/** The dump of the source. */
let bytes: Buffer;

beforeAll(async () => {
  source = await createFilled(server, nastyRows());
  bytes = await dump(source);
});

test('tables that hold rows are refused, or replaced on request', async () => {
  const other = { user: [[7, 'alice', 'a@b.c', '', null]] };
  const target = await createFilled(server, other);
  await expect(restore(bytes, target)).rejects.toThrow(/^Nothing was changed, .* user \(1\)/);
  expect((await readAll(target)).user).toEqual(other.user);
  await restore(bytes, target, { existing: 'replace' });
  expect((await readAll(target)).user).toEqual(nastyRows().user);
});

test('a dump whose rows differ from its checksums is not restored', async () => {
  const lines = linesOf(bytes);
  const follower = lines.findIndex((line) => line.startsWith('insert into follower '));
  lines[follower] = 'insert into follower (who_id, whom_id) values (1, 2), (2, 1), (1, 1);';
  const target = await createDatabase(server);
  await expect(restore(fromLines(lines), target)).rejects.toThrow(
    /^The checksums of the database differ from those of of the test\. No row was restored: the tables exist and are empty\.$/,
  );
  expect(Object.values(await readAll(target)).flat()).toEqual([]);
  // Nothing hinders the next attempt.
  await restore(bytes, target);
});

test('a restore computes the profiles', async () => {
  const target = await createDatabase(server);
  await restore(bytes, target);
  const columns = 'user_id, followers, following, newest_ids, newest_id';
  expect(await readRows(target, `select ${columns} from profile order by user_id`)).toEqual(
    nastyProfiles(),
  );
});

test('a null is restored', async () => {
  const target = await createDatabase(server);
  const lines = linesOf(bytes);
  const at = lines.findIndex((line) => line.startsWith('insert into follower '));
  lines[at] = 'insert into follower (who_id, whom_id) values (1, NULL);';
  await expect(restore(fromLines(lines), target)).rejects.toThrow(/whom_id.*null/);
});

test('a restore that is stopped blocks empty tables', async () => {
  const target = await createDatabase(server);
  const controller = new AbortController();
  const onProgress = () => controller.abort(new Error('Somebody pressed Ctrl-C.'));
  const attempt = restore(bytes, target, { onProgress, signal: controller.signal });
  await expect(attempt).rejects.toThrow(/^Somebody pressed Ctrl-C\. No row was restored/);
  expect(Object.values(await readAll(target)).flat()).toEqual([]);
});

test('a restore whose connection is lost starts again', async () => {
  const target = await createDatabase(server);
  const stored = asDump(bytes);
  let opened = 0;
  const open = async () => {
    opened += 1;
    // The first time it is only checked.
    if (opened === 2) await killConnections(target);
    return stored.open();
  };
  await restoreDump({ ...stored, open }, target, {
    existing: 'refuse',
    onProgress: () => undefined,
    signal: new AbortController().signal,
  });
  expect(opened).toBe(3);
  expect(await readAll(target)).toEqual(await readAll(source));
});

test('a restore whose commit is not answered fails with what may have happened', async () => {
  const target = await createDatabase(server);
  const network = await startCuttingProxy(target, 'commit');
  const attempt = restore(bytes, { ...target, ...network.address });
  await expect(attempt).rejects.toThrow(
    /^The commit failed: .*\. The result of the commit is unknown: .* --force again\.$/,
  );
});

test('a restore that waits for a lock stops at once', async () => {
  const target = await createFilled(server, nastyRows());
  const controller = new AbortController();
  await withConnection(target, { waitMaxMs }, async (reader) => {
    await reader.query('begin');
    await reader.query('select * from user');
    const { signal } = controller;
    const attempt = restore(bytes, target, { existing: 'replace', signal });
    const sql = `select 1 from information_schema.processlist
      where db = :name and state like 'Waiting for table metadata lock'`;
    const isWaiting = async () => {
      const [rows] = await reader.query<RowDataPacket[]>(sql, { name: target.name });
      return rows.length > 0;
    };
    await Promise.race([attempt, waitFor('the wait for a lock', isWaiting)]);
    controller.abort(new Error('Somebody pressed Ctrl-C.'));
    await expect(attempt).rejects.toThrow(/^Somebody pressed Ctrl-C\.$/);
  });
});

/** A proxy to a database, which ends a connection as soon as a statement begins with these words. */
async function startCuttingProxy(to: DatabaseConfig, words: string) {
  const cutting = createServer((client) => {
    const upstream = connect(to.port, to.host);
    for (const each of [client, upstream]) each.on('error', () => undefined);
    upstream.pipe(client);
    client.on('data', (packet) => {
      // A packet begins with its header and the byte of its command.
      if (packet.subarray(5).toString('latin1').startsWith(words)) {
        client.destroy();
        upstream.destroy();
      } else upstream.write(packet);
    });
  });
  onTestFinished(() => void cutting.close());
  await once(cutting.listen(0, '127.0.0.1'), 'listening');
  return { address: { host: '127.0.0.1', port: (cutting.address() as AddressInfo).port } };
}

async function killConnections(target: DatabaseConfig): Promise<void> {
  const { name: other } = inject('database');
  await withConnection({ ...target, name: other }, { waitMaxMs }, async (connection) => {
    const sql = 'select id from information_schema.processlist where db = :name';
    const [found] = await connection.query<RowDataPacket[]>(sql, { name: target.name });
    for (const { id } of found) await connection.query('kill :id', { id });
  });
}

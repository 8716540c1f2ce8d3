import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { gunzipSync } from 'node:zlib';
import type { RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, expect, inject, onTestFinished, test } from 'vitest';
import { readDatabaseConfig, type DatabaseConfig } from '../../../src/config.ts';
import { withConnection } from '../../../src/database/connection.ts';
import { initializeSchema } from '../../../src/database/schema.ts';
import { createSide } from '../../../src/warehouse/copy/side.ts';
import { restoreDump } from '../../../src/warehouse/dump/restore-dump.ts';
import { createDump } from '../../../src/warehouse/dump/write-dump.ts';
import { runSql } from '../../support/database.ts';
import { REAL_MYSQL, startRealMysql, type RealMysql } from '../../support/real-mysql.ts';
import { findTool } from '../../support/tools.ts';
import { until } from '../../support/until.ts';
import { createDatabase, createFilled, nastyRows, readAll } from './databases.ts';
import { asDump, dump, fromLines, linesOf, origin, restore } from './dumps.ts';

const waitMaxMs = 10_000;
const servers: Record<string, DatabaseConfig> = { MariaDB: inject('database') };
let mysql: RealMysql | null = null;

beforeAll(async () => {
  if (!existsSync(REAL_MYSQL)) return;
  mysql = await startRealMysql();
  servers.MySQL = readDatabaseConfig(mysql.settings);
});
afterAll(() => mysql?.stop());

function server(name: string, skip: () => never): DatabaseConfig {
  return servers[name] ?? skip();
}

test.for([
  ['MariaDB', 'MariaDB'],
  ['MySQL', 'MySQL'],
  ['MariaDB', 'MySQL'],
  ['MySQL', 'MariaDB'],
] as const)('what is dumped from %s and restored into %s is the same', async ([from, to], t) => {
  const source = await createFilled(server(from, t.skip), nastyRows());
  const target = await createDatabase(server(to, t.skip));
  const bytes = await dump(source);
  const header = await restore(bytes, target);
  expect(await readAll(target)).toEqual(await readAll(source));
  expect(await dump(target).then(linesOf).then(withoutHeader)).toEqual(
    withoutHeader(linesOf(bytes)),
  );
  expect(header).toMatchObject({ ...origin, credentials: true, rows: { user: 3, follower: 3 } });
});

function withoutHeader(lines: string[]): string[] {
  return lines.slice(1);
}

test.for(['MariaDB', 'MySQL'])(
  'the client of a database restores a dump into %s, whatever that session was told',
  async (name, t) => {
    const client = findTool('mariadb', 'mariadb-client');
    const source = await createFilled(inject('database'), nastyRows());
    const target = await createDatabase(server(name, t.skip));
    await initializeSchema(target, { existing: 'refuse', waitMaxMs });
    const options = [
      '--no-defaults',
      '--protocol=tcp',
      `--host=${target.host}`,
      `--port=${target.port}`,
      `--user=${target.user}`,
      '--default-character-set=latin1',
      "--init-command=set sql_mode='ANSI_QUOTES,NO_BACKSLASH_ESCAPES'",
      target.name,
    ];
    const { status, stderr } = spawnSync(client, options, {
      input: gunzipSync(await dump(source)),
      env: { MYSQL_PWD: target.password },
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(await readAll(target)).toEqual(await readAll(source));
  },
);

test('statements are of a bounded size, and hold all rows', async () => {
  const message = Array.from({ length: 1500 }, (_, i) => [
    i + 1,
    1,
    i < 200 ? '🦩'.repeat(2800) : 'x',
    0,
  ]);
  const source = await createFilled(inject('database'), { ...nastyRows(), message });
  const inserts = linesOf(await dump(source)).filter((line) =>
    line.startsWith('insert into message '),
  );
  expect(Math.max(...inserts.map((line) => Buffer.byteLength(line)))).toBeLessThan(257 * 1024);
  expect(Math.max(...inserts.map((line) => line.split('), (').length))).toBe(1000);
});

test('nobody is dumped who is logged in, nor how busy they are', async () => {
  const source = await createFilled(inject('database'), nastyRows());
  await runSql(
    source,
    `insert into session (session_id, user_id, expires_s) values ('secret-session', 1, 1)`,
    `insert into rate_limit (\`key\`, points, expire) values ('secret-limit', 1, 1)`,
  );
  expect(gunzipSync(await dump(source)).includes('secret-')).toBe(false);
});

test('a dump of nobody is restored as well, and says that it has no credentials', async () => {
  const source = await createFilled(inject('database'), {});
  const target = await createDatabase(inject('database'));
  expect(await restore(await dump(source), target)).toMatchObject({ credentials: false });
});

test('a dump is of one moment, whatever is written while it is read', async () => {
  const message = Array.from({ length: 5000 }, (_, i) => [
    i + 1,
    1,
    `${Math.random()}`.repeat(10),
    0,
  ]);
  const source = await createFilled(inject('database'), { ...nastyRows(), message });
  const before = await readAll(source);
  const bytes = await withConnection(source, { waitMaxMs }, async (connection) => {
    const chunks: Buffer[] = [];
    for await (const chunk of createDump(createSide('The warehouse', connection), origin)) {
      if (chunks.length === 0) await runSql(source, 'delete from message', 'delete from profile');
      chunks.push(chunk as Buffer);
    }
    return Buffer.concat(chunks);
  });
  const target = await createDatabase(inject('database'));
  await restore(bytes, target);
  expect(await readAll(target)).toEqual(before);
});

test('a connection that is lost fails the dump', async () => {
  const source = await createFilled(inject('database'), nastyRows());
  const attempt = withConnection(source, { waitMaxMs: 0 }, async (connection) => {
    const stream = createDump(createSide('The warehouse', connection), origin);
    connection.destroy();
    await stream.toArray();
  });
  await expect(attempt).rejects.toThrow(/^The warehouse failed: /);
});

test('tables that hold rows are refused, or replaced when that is asked', async () => {
  const bytes = await dump(await createFilled(inject('database'), nastyRows()));
  const other = { user: [[7, 'alice', 'a@b.c', '']] };
  const target = await createFilled(inject('database'), other);
  await expect(restore(bytes, target)).rejects.toThrow(/^Nothing was changed: .* user \(1\)/);
  expect((await readAll(target)).user).toEqual(other.user);
  await restore(bytes, target, { existing: 'replace' });
  expect((await readAll(target)).user).toEqual(nastyRows().user);
});

test('one that does not hold what it says is not kept', async () => {
  const lines = linesOf(await dump(await createFilled(inject('database'), nastyRows())));
  const follower = lines.findIndex((line) => line.startsWith('insert into follower '));
  lines[follower] = 'insert into follower (who_id, whom_id) values (1, 2), (2, 1), (1, 1);';
  const target = await createDatabase(inject('database'));
  await expect(restore(fromLines(lines), target)).rejects.toThrow(
    /^The database does not hold what of the test says .* Nothing of the dump was kept: the tables are there, and empty\.$/,
  );
  expect(Object.values(await readAll(target)).flat()).toEqual([]);
  // and nothing hinders the next attempt
  await restore(await dump(await createFilled(inject('database'), nastyRows())), target);
});

test('one that is interrupted is not kept', async () => {
  const bytes = await dump(await createFilled(inject('database'), nastyRows()));
  const target = await createDatabase(inject('database'));
  const controller = new AbortController();
  const onProgress = () => controller.abort(new Error('Somebody pressed Ctrl-C.'));
  const attempt = restore(bytes, target, { onProgress, signal: controller.signal });
  await expect(attempt).rejects.toThrow(/^Somebody pressed Ctrl-C\. Nothing of the dump was kept/);
  expect(Object.values(await readAll(target)).flat()).toEqual([]);
});

test('one whose connection is lost begins anew', async () => {
  const source = await createFilled(inject('database'), nastyRows());
  const target = await createDatabase(inject('database'));
  const stored = asDump(await dump(source));
  let opened = 0;
  const open = async () => {
    opened += 1;
    // the first time it is but read
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

test('one whose commit is not answered says that it may have been kept', async () => {
  const bytes = await dump(await createFilled(inject('database'), nastyRows()));
  const target = await createDatabase(inject('database'));
  const network = await startCuttingProxy(target, 'commit');
  const attempt = restore(bytes, { ...target, ...network.address });
  await expect(attempt).rejects.toThrow(
    /^The commit failed: .*\. All of the dump was kept, or nothing: .* --force$/,
  );
});

test('one that waits for the database ends at once when it is interrupted', async () => {
  const bytes = await dump(await createFilled(inject('database'), nastyRows()));
  const target = await createFilled(inject('database'), nastyRows());
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
    await Promise.race([attempt, until('the wait for a lock', isWaiting)]);
    controller.abort(new Error('Somebody pressed Ctrl-C.'));
    await expect(attempt).rejects.toThrow(/^Somebody pressed Ctrl-C\.$/);
  });
});

/** A way to a database that is cut as soon as a statement begins with these words. */
async function startCuttingProxy(to: DatabaseConfig, words: string) {
  const cutting = createServer((client) => {
    const upstream = connect(to.port, to.host);
    for (const each of [client, upstream]) each.on('error', () => undefined);
    upstream.pipe(client);
    client.on('data', (bytes) => {
      // a packet's header, and the byte that says that it is a statement
      if (bytes.subarray(5).toString('latin1').startsWith(words)) {
        client.destroy();
        upstream.destroy();
      } else upstream.write(bytes);
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

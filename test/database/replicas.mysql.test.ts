import { existsSync } from 'node:fs';
import { afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { DatabaseConfig } from '../../src/config/config.ts';
import { type Database, openDatabase } from '../../src/database/database.ts';
import { captureLog } from '../support/capture-log.ts';
import { useCleanup } from '../support/cleanup.ts';
import { runSql } from '../support/database.ts';
import { startMysqlWithReplica } from '../support/mysql-replica.ts';
import { REAL_MYSQL } from '../support/real-mysql.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { waitFor } from '../support/wait-for.ts';

describe.runIf(existsSync(REAL_MYSQL))('a replica', async () => {
  const servers = await startMysqlWithReplica(useCleanup());
  const writer = { ...servers.writer.config, poolSize: 3 };
  const proxy = await startTcpProxy(servers.replica.config);
  const onReplica = (...statements: string[]) =>
    runSql(servers.replica.administrator, ...statements);
  const onWriter = (...statements: string[]) => runSql(servers.writer.administrator, ...statements);
  const log = captureLog();
  let database: Database;

  const open = (config: DatabaseConfig = writer, replica: DatabaseConfig = proxy.config) => {
    const { host, port } = replica;
    const replicas = { servers: [{ host, port }], consistency: 'gtid' as const };
    const opened = openDatabase(config, { replicas, logger: log.logger });
    onTestFinished(() => opened.end());
    return opened;
  };
  const insert = () => database.execute('insert into note (text) values (:text)', { text: 'x' });
  const count = async () => {
    const [row] = await database.select<{ total: number }>(
      'select count(*) as total from note where :isPrimary',
    );
    return row?.total;
  };
  const reads = () => {
    const { readsAtWriter, replicas } = database.state();
    return { writer: readsAtWriter, replica: replicas[0]?.reads };
  };
  const isLeftOut = () => database.state().replicas[0]?.isLeftOut;

  beforeAll(() =>
    onWriter(
      `create table ${writer.name}.note (note_id int primary key auto_increment, text varchar(9) not null)`,
    ),
  );
  beforeEach(async () => {
    await onWriter(`delete from ${writer.name}.note`);
    log.lines.length = 0;
    database = open();
  });
  afterEach(async () => {
    proxy.resume();
    await onReplica('start replica');
    await onWriter('set global super_read_only = off', 'set global read_only = off');
  });

  test('shows every row that the writer has committed', async () => {
    for (let total = 1; total <= 100; total++) {
      await insert();
      expect(await count()).toBe(total);
    }
    expect(reads()).toEqual({ writer: 0, replica: 100 });
  });

  test('waits for a row that it does not have yet', async () => {
    await count();
    await onReplica('stop replica sql_thread');
    await insert();
    const counted = count();
    await onReplica('start replica sql_thread');
    expect(await counted).toBe(1);
    expect(reads()).toEqual({ writer: 0, replica: 2 });
  });

  test('answers concurrent reads after one question to the writer', async () => {
    await count();
    const { requested } = database.state().pool;
    await Promise.all(Array.from({ length: 30 }, count));
    expect(reads().replica).toBe(31);
    expect(database.state().pool.requested - requested).toBe(1);
  });

  test('answers no statement of a transaction', async () => {
    await database.transact(async (transaction) => {
      await transaction.execute("insert into note (text) values ('x')");
      expect(await transaction.select('select * from note')).toHaveLength(1);
    });
    expect(reads()).toEqual({ writer: 0, replica: 0 });
  });

  test('is left out while it lags, and used again afterwards', async () => {
    await onReplica('stop replica sql_thread');
    await insert();
    expect(await count()).toBe(1);
    expect(isLeftOut()).toBe(true);
    expect(await count()).toBe(1);
    expect(reads()).toEqual({ writer: 2, replica: 0 });
    await onReplica('start replica sql_thread');
    await waitFor('the replica is used again', () => !isLeftOut());
    expect(await count()).toBe(1);
    expect(reads()).toEqual({ writer: 2, replica: 1 });
    expect(log.lines.map((line) => JSON.parse(line).msg)).toEqual([
      'A replica is left out.',
      'A replica is used again.',
    ]);
  });

  test.each([
    ['does not respond', async () => proxy.freeze()],
    ['closes its connections', async () => proxy.disconnectAll()],
    [
      'cannot be reached',
      () => database.end().then(() => (database = open(writer, { ...writer, port: 1 }))),
    ],
  ])('fails no read if it %s', async (_, fail) => {
    await insert();
    expect(await count()).toBe(1);
    await fail();
    await insert();
    expect(await Promise.all(Array.from({ length: 20 }, count))).toEqual(Array(20).fill(2));
  });

  test('is not left out if a select takes too long', async () => {
    await count();
    const slow =
      'select count(*) from information_schema.collations a, information_schema.collations b, information_schema.collations c, information_schema.collations d';
    await expect(database.select(slow)).rejects.toMatchObject({ code: 'unavailable' });
    expect(isLeftOut()).toBe(false);
  });

  test('answers nothing after the writer was demoted', async () => {
    await insert();
    expect(await count()).toBe(1);
    await onWriter('set global super_read_only = on');
    await expect(count()).rejects.toMatchObject({ code: 'unavailable' });
    expect(reads()).toEqual({ writer: 0, replica: 1 });
  });

  test('needs GTIDs at the writer', async () => {
    await expect(open(servers.writer.config).checkServers()).resolves.toBeUndefined();
    await onWriter('set global gtid_mode = on_permissive');
    onTestFinished(() => onWriter('set global gtid_mode = on'));
    await expect(database.checkServers()).rejects.toThrow('DB_READ_HOST needs GTIDs');
    await insert();
    expect(await count()).toBe(1);
    expect(reads()).toEqual({ writer: 1, replica: 0 });
  });
});

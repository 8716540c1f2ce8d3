import { existsSync } from 'node:fs';
import { afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { type Database, openDatabase } from '../../src/database/database.ts';
import { initializeSchema } from '../../src/database/schema.ts';
import { captureLog } from '../support/capture-log.ts';
import { useCleanup } from '../support/cleanup.ts';
import { runSql } from '../support/database.ts';
import { startMysqlWithReplica } from '../support/mysql-replica.ts';
import { REAL_MYSQL } from '../support/real-mysql.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { HANG_MS } from '../support/timeouts.ts';
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

  const open = ({ config = writer, replicas = [proxy.config] } = {}) => {
    const addresses = replicas.map(({ host, port }) => ({ host, port }));
    const opened = openDatabase(config, {
      replicas: { servers: addresses, consistency: 'gtid' },
      logger: log.logger,
    });
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
  const isExcluded = () => database.state().replicas[0]?.isExcluded;

  beforeAll(async () => {
    await initializeSchema(writer, { existing: 'refuse', waitMaxMs: HANG_MS });
    const note = 'note_id int primary key auto_increment, text varchar(9) not null';
    await onWriter(`create table ${writer.name}.note (${note})`);
  });
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

  test('answers concurrent reads after one query of the position', async () => {
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

  test('is excluded while it lags, and used again afterwards', async () => {
    await onReplica('stop replica sql_thread');
    await insert();
    expect(await count()).toBe(1);
    expect(isExcluded()).toBe(true);
    expect(await count()).toBe(1);
    expect(reads()).toEqual({ writer: 2, replica: 0 });
    await onReplica('start replica sql_thread');
    await waitFor('the replica is used again', () => !isExcluded());
    expect(await count()).toBe(1);
    expect(reads()).toEqual({ writer: 2, replica: 1 });
    expect(log.lines.map((line) => JSON.parse(line).msg)).toEqual([
      'A replica is excluded.',
      'A replica is used again.',
    ]);
  });

  test.each([
    ['does not respond', async () => proxy.freeze()],
    ['closes its connections', async () => proxy.disconnectAll()],
    [
      'cannot be reached',
      async () => {
        await database.end();
        database = open({ replicas: [{ ...writer, port: 1 }] });
      },
    ],
  ])('fails no read if it %s', async (_, fail) => {
    await insert();
    expect(await count()).toBe(1);
    await fail();
    await insert();
    expect(await Promise.all(Array.from({ length: 20 }, count))).toEqual(Array(20).fill(2));
  });

  test('is excluded while it does not respond, and used again afterwards', async () => {
    await count();
    proxy.freeze();
    await count();
    expect(isExcluded()).toBe(true);
    proxy.resume();
    await waitFor('the replica is used again', () => !isExcluded());
    await count();
    expect(reads()).toEqual({ writer: 1, replica: 2 });
  });

  test('is excluded after three slow selects in a row', async () => {
    const collations = ['a', 'b', 'c', 'd'].map((name) => `information_schema.collations ${name}`);
    // At the writer, which is not read-only, this select needs no time.
    const slow = `select count(*) as total from ${collations.join()} where @@global.super_read_only`;
    for (let time = 0; time < 3; time++) {
      expect(isExcluded()).toBe(false);
      expect(await database.select(slow)).toEqual([{ total: 0 }]);
    }
    expect(isExcluded()).toBe(true);
  });

  test('is not excluded because of a wrong statement, or because all connections are in use', async () => {
    database = open({ config: { ...writer, poolSize: 1 } });
    await expect(database.select('select nonsense')).rejects.toThrow('Unknown column');
    const pauses = Array.from({ length: 4 }, () => database.select('select sleep(0.8)'));
    await Promise.all(pauses);
    expect(isExcluded()).toBe(false);
    expect(reads()).toMatchObject({ writer: expect.toSatisfy((number) => number > 1) });
  });

  test('answers in place of another one that fails', async () => {
    database = open({ replicas: [proxy.config, servers.replica.config] });
    for (let time = 0; time < 4; time++) await count();
    expect(database.state().replicas.map((each) => each.reads)).toEqual([2, 2]);
    proxy.freeze();
    for (let time = 0; time < 4; time++) await count();
    // The first replica was excluded after its first read.
    expect(database.state()).toMatchObject({
      readsAtWriter: 1,
      replicas: [{ reads: 2, isExcluded: true }, { reads: 5 }],
    });
  });

  test('has a position for each connection, since a name can lead to several servers', async () => {
    await onReplica('stop replica sql_thread');
    await insert();
    proxy.redirectTo(servers.writer.config);
    onTestFinished(() => proxy.redirectTo(servers.replica.config));
    expect(await count()).toBe(1);
    proxy.redirectTo(servers.replica.config);
    const pause = database.select('select sleep(0.3)');
    // The first connection is in use, and the second one leads to the server that lags.
    expect(await count()).toBe(1);
    await pause;
    expect(reads()).toEqual({ writer: 1, replica: 2 });
  });

  test('answers nothing after the writer was demoted', async () => {
    await insert();
    expect(await count()).toBe(1);
    await onWriter('set global super_read_only = on');
    await expect(count()).rejects.toMatchObject({ code: 'unavailable' });
    expect(reads()).toEqual({ writer: 0, replica: 1 });
  });

  test('needs GTIDs at the writer', async () => {
    await expect(database.checkServers()).resolves.toBeUndefined();
    await onWriter('set global gtid_mode = on_permissive');
    onTestFinished(() => onWriter('set global gtid_mode = on'));
    await expect(database.checkServers()).rejects.toThrow('DB_READ_HOST needs GTIDs');
    await insert();
    expect(await count()).toBe(1);
    expect(reads()).toEqual({ writer: 1, replica: 0 });
  });
});

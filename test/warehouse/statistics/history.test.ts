import type { Connection, RowDataPacket } from 'mysql2/promise';
import { beforeEach, expect, test } from 'vitest';
import { withConnection } from '../../../src/database/connection.ts';
import { initializeSchema } from '../../../src/database/schema.ts';
import { analyse } from '../../../src/warehouse/analyse.ts';
import { findStatistic, type Report } from '../../../src/warehouse/report/report.ts';
import { runSql, useDatabase } from '../../support/database.ts';
import { AS_OF_S, copyWith, fillSample } from './sample.ts';

const { config } = useDatabase();
const patience = { waitMaxMs: 10_000 };

beforeEach(async () => {
  await initializeSchema(config, { ...patience, existing: 'replace' });
  await runSql(config, 'drop table if exists run, followers_at');
  await onWarehouse(fillSample);
});

function onWarehouse<Result>(work: (connection: Connection) => Promise<Result>): Promise<Result> {
  return withConnection(config, patience, work);
}

/** Analyses a copy that is as old as its checksum is high, in days. */
function run(id: string, checksum: number, ofPeople = 1): Promise<Report> {
  const copy = copyWith(checksum, { asOfS: AS_OF_S + checksum * 86_400, ofPeople });
  return onWarehouse((connection) => analyse(connection, id, copy));
}

function gained({ statistics }: Report): unknown[] {
  return findStatistic(statistics, 'rising-authors').rows.map(([name, , , count]) => [name, count]);
}

function follow(who: number, whom: number): Promise<void> {
  return runSql(config, `insert into follower (who_id, whom_id) values (${who}, ${whom})`);
}

test('the first run is compared with nothing: all have gained what they have', async () => {
  const report = await run('first', 1);
  expect(report.before).toBeNull();
  expect(gained(report)).toEqual([
    ['alice', 3],
    ['bob', 1],
    ['carol', 1],
  ]);
});

test('a run is compared with the run before', async () => {
  const first = await run('first', 1);
  await follow(5, 2);
  const second = await run('second', 2);
  expect(second.before).toEqual({
    run: 'first',
    asOf: first.asOf,
    totals: { people: 5, messages: 6, follows: 5, active_week: 1, active_month: 3 },
  });
  expect(gained(second)).toEqual([['bob', 1]]);
  await follow(5, 4);
  const third = await run('third', 3);
  expect(third.before).toMatchObject({ run: 'second', totals: { follows: 6 } });
  expect(gained(third)).toEqual([['dave', 1]]);
});

test('a run that is made again for the same copy is compared with what the first was', async () => {
  await run('first', 1);
  await follow(5, 2);
  await run('second', 2);
  for (const id of ['again', 'and again']) {
    const again = await run(id, 2);
    expect(again.before?.run).toBe('first');
    expect(gained(again)).toEqual([['bob', 1]]);
  }
  await follow(5, 4);
  expect(gained(await run('third', 3))).toEqual([['dave', 1]]);
});

test('a copy is the same one with the hashes of passwords and without', async () => {
  await run('first', 1);
  await follow(5, 2);
  await run('without', 2);
  const again = await run('with', 2, 99);
  expect(again.before?.run).toBe('first');
  expect(gained(again)).toEqual([['bob', 1]]);
});

test('the warehouse keeps what two runs found, however many there were', async () => {
  for (const [index, id] of ['first', 'second', 'third', 'again'].entries())
    await run(id, Math.min(index, 2));
  for (const table of ['run', 'followers_at']) {
    const [rows] = await onWarehouse((connection) =>
      connection.query<RowDataPacket[]>(`select distinct run from ${table} order by run`),
    );
    expect(rows).toEqual([{ run: 'again' }, { run: 'second' }]);
  }
});

test('the same run may be done twice, as when its connection was lost at the end', async () => {
  await run('first', 1);
  await follow(5, 2);
  expect(await run('second', 2)).toEqual(await run('second', 2));
});

test('a report that another version left is not compared with', async () => {
  await run('first', 1);
  await runSql(config, `update run set report = '{}'`);
  const second = await run('second', 2);
  expect(second.before).toBeNull();
  expect(gained(second)).toHaveLength(3);
});

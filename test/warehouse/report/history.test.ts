import type { Connection, RowDataPacket } from 'mysql2/promise';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { withConnection } from '../../../src/database/with-connection.ts';
import { analyse } from '../../../src/warehouse/report/analyse.ts';
import { createReport, findStatistic, type Report } from '../../../src/warehouse/report/report.ts';
import { saveRun, findPreviousRun } from '../../../src/warehouse/report/history.ts';
import { runSql, useDatabase } from '../../support/database.ts';
import { AS_OF_S, copyWith, fillSample } from '../statistics/sample.ts';

const { config } = useDatabase();

beforeAll(() => onWarehouse(fillSample));
beforeEach(() => runSql(config, 'drop table if exists run, followers_at'));

function onWarehouse<Result>(work: (connection: Connection) => Promise<Result>): Promise<Result> {
  return withConnection(config, { waitMaxMs: 10_000 }, work);
}

/** A copy that is as old as its checksum is high, in days. */
function copyOf(checksum: number, ofPeople = 1) {
  return copyWith(checksum, { asOfS: AS_OF_S + checksum * 86_400, ofPeople });
}

/** Does of a run what the next one finds: it computes no statistics. */
function run(id: string, checksum: number, ofPeople = 1): Promise<Report> {
  const copy = copyOf(checksum, ofPeople);
  return onWarehouse(async (connection) => {
    const before = await findPreviousRun(connection, copy.tables);
    await runSql(config, PEOPLE);
    const report = createReport(id, copy, [], before);
    await saveRun(connection, report);
    return report;
  });
}

// The columns of the statistics' table of users that the history needs.
const PEOPLE =
  'create table if not exists person (user_id int unsigned primary key) as ' +
  'select whom_id as user_id, count(*) as followers from follower group by whom_id';

test('a run is compared with the previous run, and the first run with none', async () => {
  const analyseCopy = (id: string, checksum: number) =>
    onWarehouse((connection) => analyse(connection, id, copyOf(checksum)));
  const gained = ({ statistics }: Report) =>
    findStatistic(statistics, 'rising-authors').rows.map(([name, , , count]) => [name, count]);
  const first = await analyseCopy('first', 1);
  expect(first.before).toBeNull();
  expect(gained(first)).toEqual([
    ['alice', 3],
    ['bob', 1],
    ['carol', 1],
  ]);
  await runSql(config, 'insert into follower (who_id, whom_id) values (5, 2)');
  const second = await analyseCopy('second', 2);
  expect(second.before).toEqual({
    run: 'first',
    asOf: first.asOf,
    totals: { people: 5, messages: 6, follows: 5, active_week: 1, active_month: 3 },
  });
  expect(gained(second)).toEqual([['bob', 1]]);
  // As when the connection was lost at its end.
  expect(await analyseCopy('second', 2)).toEqual(second);
});

test('a run is compared with the previous run, and not with an older one', async () => {
  await run('first', 1);
  expect((await run('second', 2)).before?.run).toBe('first');
  expect((await run('third', 3)).before?.run).toBe('second');
});

test('a repeated run of the same copy has the same comparison', async () => {
  await run('first', 1);
  await run('second', 2);
  for (const id of ['again', 'and again']) expect((await run(id, 2)).before?.run).toBe('first');
  expect((await run('third', 3)).before?.run).toBe('and again');
});

test('a copy is the same with password hashes and without', async () => {
  await run('first', 1);
  await run('without', 2);
  expect((await run('with', 2, 99)).before?.run).toBe('first');
});

test('the warehouse retains the results of two runs after any number of runs', async () => {
  for (const [index, id] of ['first', 'second', 'third', 'again'].entries())
    await run(id, Math.min(index, 2));
  for (const table of ['run', 'followers_at']) {
    const [rows] = await onWarehouse((connection) =>
      connection.query<RowDataPacket[]>(`select distinct run from ${table} order by run`),
    );
    expect(rows).toEqual([{ run: 'again' }, { run: 'second' }]);
  }
});

test('a report of another version is not compared with', async () => {
  await run('first', 1);
  await runSql(config, `update run set report = '{}'`);
  expect((await run('second', 2)).before).toBeNull();
});

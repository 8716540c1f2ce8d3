import { beforeEach, expect, test } from 'vitest';
import { runSql } from '../../support/database.ts';
import { changes, read, useCopy } from './fixture.ts';

const { source, warehouse, copy } = useCopy();
const RANGES = Array.from({ length: 20 }, (_, index) => index);
const EDIT = "update message set text = 'edited' where message_id = 65536";

/** Fills 20 ranges of messages with two rows each. */
beforeEach(() => {
  const rows = RANGES.flatMap((range) => [range * 65_536 + 1, range * 65_536 + 2]);
  return runSql(
    source,
    'delete from message',
    `insert into message (message_id, author_id, text, pub_date)
     values ${rows.map((id) => `(${id}, 1, 'says ${id}', 1)`).join(', ')}`,
  );
});

function messages({ tables }: Awaited<ReturnType<typeof copy>>) {
  const table = tables.find((each) => each.table === 'message');
  if (!table) throw new Error('The messages were not copied.');
  return table;
}

/** Makes the proofs of all ranges older, so that the next copy has another time. */
function passTime(): Promise<void> {
  return runSql(warehouse, 'update warehouse_range set proved_at_s = proved_at_s - 1000');
}

test('the first copy proves all rows, and the next ones the newest ranges and an eighth of the others', async () => {
  const first = await copy();
  expect(messages(first)).toMatchObject({ rows: 40, proved: 40, sent: 40 });
  await passTime();
  const second = await copy();
  // The last two ranges, and three of the other eighteen.
  expect(messages(second)).toMatchObject({ rows: 40, proved: 10, sent: 0, deleted: 0 });
  expect(messages(second).checksum).toBe(messages(first).checksum);
  expect(messages(await copy({ proveAll: true }))).toMatchObject({ rows: 40, proved: 40 });
});

test('every range is proved again within eight copies', async () => {
  const { asOfS } = await copy();
  await runSql(warehouse, 'update warehouse_range set proved_at_s = 1');
  for (let run = 0; run < 8; run++) await copy();
  const sql = `select count(*) from warehouse_range where proved_at_s < ${asOfS}`;
  expect(await read(warehouse, sql)).toEqual([[0]]);
});

test('a part has the rows and the checksum of its ranges, and the time of the oldest proof', async () => {
  const { asOfS } = await copy();
  await runSql(warehouse, `update warehouse_range set proved_at_s = 5 + number`);
  const copied = await copy();
  const { parts, checksum } = messages(copied);
  // Ranges 0 to 15 are a part. The oldest proofs were those of ranges 0 to 2.
  expect(parts).toMatchObject([
    { part: 0, rows: 32, provedAtS: 5 + 3 },
    { part: 1, rows: 8, provedAtS: 5 + 16 },
  ]);
  expect(parts.reduce((sum, part) => sum ^ BigInt(part.checksum), 0n)).toBe(BigInt(checksum));
  const proved = messages(await copy({ proveAll: true }));
  expect(proved.parts.map(({ provedAtS }) => provedAtS >= asOfS)).toEqual([true, true]);
});

test.each([
  ['a deleted row', 'delete from message where message_id = 65537'],
  [
    'a row that was committed late',
    "insert into message (message_id, author_id, text, pub_date) values (65550, 1, 'late', 1)",
  ],
])('%s in an old range is noticed by the next copy', async (_, change) => {
  await copy();
  await runSql(warehouse, 'update warehouse_range set proved_at_s = 1000000 - number');
  await runSql(source, change);
  const { sent, deleted } = messages(await copy());
  expect(sent + deleted).toBe(1);
  const sql = 'select message_id, text from message order by 1';
  expect(await read(warehouse, sql)).toEqual(await read(source, sql));
});

test.each([
  ['is missing', 'drop table warehouse_range'],
  ['is empty', 'delete from warehouse_range'],
  ['is of another version', "update warehouse_range set formula = 'other'"],
  ['has other numbers of rows', 'update warehouse_range set row_count = row_count + 1'],
])('everything is compared if the ledger %s', async (_, change) => {
  await copy();
  await runSql(warehouse, change, EDIT.replace('65536', '65537'));
  expect(messages(await copy())).toMatchObject({ rows: 40, proved: 40, sent: 1, deleted: 1 });
});

test('everything is compared if the source is another database with as many rows', async () => {
  await copy();
  await runSql(source, EDIT.replace('65536', '65537'));
  // The same database at another address.
  const other = { ...source, host: source.host === '127.0.0.1' ? 'localhost' : '127.0.0.1' };
  expect(messages(await copy({}, other))).toMatchObject({ rows: 40, proved: 40, sent: 1 });
});

test('a row that an analyst changed is copied again when its range is compared', async () => {
  await copy();
  await runSql(warehouse, EDIT.replace('65536', '65537'));
  await runSql(warehouse, 'update warehouse_range set proved_at_s = number');
  expect(messages(await copy())).toMatchObject({ sent: 1, deleted: 1 });
});

test('a range without rows has no entry in the ledger', async () => {
  await copy();
  await runSql(source, 'delete from message where message_id < 65536');
  await copy();
  await runSql(source, 'delete from message where message_id < 131072');
  await runSql(warehouse, 'delete from message where message_id < 131072');
  expect(changes((await copy()).tables, 'message')).toMatchObject({ rows: 36 });
  const sql = "select min(number), count(*) from warehouse_range where table_name = 'message'";
  expect(await read(warehouse, sql)).toEqual([[2, 18]]);
});

import { expect, test } from 'vitest';
import { withConnection } from '../../../src/database/with-connection.ts';
import { runSql } from '../../support/database.ts';
import { changes, read, useCopy } from './fixture.ts';

const { source, warehouse, copy } = useCopy();

test('sends only the changed rows of scattered changes', async () => {
  const rows = Array.from({ length: 20_000 }, (_, index) => [index + 1, 1, `says ${index}`, 1]);
  await withConnection(source, { waitMaxMs: 10_000 }, (connection) =>
    connection.query('replace into message (message_id, author_id, text, pub_date) values :rows', {
      rows,
    }),
  );
  await copy();
  await runSql(
    source,
    'update message set pub_date = 2 where message_id mod 10 = 3 and message_id <= 20000',
  );
  const { tables } = await copy();
  expect(changes(tables, 'message')).toEqual({ sent: 2000, deleted: 2000, rows: 20_001 });
  const sql = 'select count(*), sum(pub_date) from message';
  expect(await read(warehouse, sql)).toEqual(await read(source, sql));
});

test('sends only the changed follow of a user', async () => {
  await copy();
  await runSql(
    source,
    'delete from follower where who_id = 1 and whom_id = 40',
    'insert into follower (who_id, whom_id) values (1, 70000)',
  );
  const { tables } = await copy();
  expect(changes(tables, 'follower')).toEqual({ sent: 1, deleted: 1, rows: 3 });
});

import { beforeEach, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../../src/database/database.ts';
import { createAccountDeletion } from '../../../src/repositories/account-deletion.ts';
import { createHiddenAuthors } from '../../../src/repositories/hidden-authors.ts';
import { useCleanup } from '../../support/cleanup.ts';
import { runSql } from '../../support/database.ts';
import { read, useCopy } from './fixture.ts';

const { source, warehouse, copy } = useCopy();
const database = openDatabase(source);
useCleanup()(() => database.end());
const QUERIES = [
  'select user_id from user where user_id = 1',
  'select message_id from message where author_id = 1',
  'select who_id from follower where 1 in (who_id, whom_id)',
];

beforeEach(() =>
  runSql(
    source,
    `update profile
     set followers = (select count(*) from follower where whom_id = user_id),
       following = (select count(*) from follower where who_id = user_id)`,
  ),
);

function countRows(): Promise<number[]> {
  return Promise.all(QUERIES.map(async (sql) => (await read(warehouse, sql)).length));
}

/** Returns the deletion of a process that is killed as soon as it has deleted the follows. */
function createKilledDeletion() {
  const transact: Database['transact'] = async (work) => {
    const result = await database.transact(work);
    const follows = await database.select('select 1 from follower where 1 in (who_id, whom_id)');
    if (follows.length === 0) throw new Error('killed');
    return result;
  };
  return createAccountDeletion({ ...database, transact });
}

test('the next copy after a deletion deletes the user and all rows of the user', async () => {
  await copy();
  expect(await countRows()).toEqual([1, 1, 3]);
  const deletion = createAccountDeletion(database);
  await deletion.startDeletion(1, { actor: null, reason: '' });
  expect(await deletion.continueDeletions(1)).toBe(1);
  await copy();
  expect(await countRows()).toEqual([0, 0, 0]);
});

test('a copy during a deletion has what is left of the account, and the next copy deletes it', async () => {
  await copy();
  await createAccountDeletion(database).startDeletion(1, { actor: null, reason: '' });
  await expect(createKilledDeletion().continueDeletions(1)).rejects.toThrow('killed');
  await copy();
  expect(await countRows()).toEqual([1, 1, 0]);
  await createAccountDeletion(database).continueDeletions(1);
  await copy();
  expect(await countRows()).toEqual([0, 0, 0]);
});

test('suspended users are copied', async () => {
  await createHiddenAuthors(database).suspend(1, null, { actor: null, reason: 'spam' });
  await copy();
  expect(await countRows()).toEqual([1, 1, 3]);
});

import { beforeAll, expect, test } from 'vitest';
import { createRepositories } from '../../src/repositories/repositories.ts';
import { USER_LIST_LIMIT } from '../../src/repositories/user-list.ts';
import { useDatabase } from '../support/database.ts';

const { database } = useDatabase();
const { users, userList, hiddenAuthors, accountDeletion } = createRepositories(database);
const BY_OPERATOR = { actor: null, reason: '' };
const ids = new Map<string, number>();

beforeAll(async () => {
  for (const username of ['anna', 'Anna', 'an_a', 'an%a', String.raw`an\a`, 'anton', 'bert']) {
    const email = 'someone@example.com';
    ids.set(username, await users.createUser({ username, email, passwordHash: 'x' }));
  }
});

async function listNames(prefix: string, afterName = ''): Promise<string[]> {
  return (await userList.listUsers(prefix, afterName)).map(({ username }) => username);
}

test('lists the users whose names begin with a text, in the order of their names', async () => {
  expect(await listNames('ann')).toEqual(['anna']);
  expect(await listNames('A')).toEqual(['Anna']);
  expect(await listNames('an', 'an_a')).toEqual(['anna', 'anton']);
  expect(await listNames('', 'anton')).toEqual(['bert']);
  expect(await listNames('anna', 'anna')).toEqual([]);
});

test.each(['an_', 'an%', 'an\\'])('the prefix %s has no wildcard', async (prefix) => {
  expect(await listNames(prefix)).toEqual([`${prefix}a`]);
});

test('shows moderators, suspensions and deletions', async () => {
  const [anton = 0, bert = 0, anna = 0] = ['anton', 'bert', 'anna'].map((name) => ids.get(name));
  await users.setModerator({ userId: anna, username: 'anna' }, true, '');
  await hiddenAuthors.suspend(anton, null, BY_OPERATOR);
  await accountDeletion.startDeletion(bert, BY_OPERATOR);
  expect(await userList.listUsers('anna', '')).toMatchObject([
    { userId: anna, email: 'someone@example.com', isModerator: true, state: 'active' },
  ]);
  expect(await userList.listUsers('anton', '')).toMatchObject([
    { isModerator: false, state: 'suspended' },
  ]);
  expect(await userList.listUsers('bert', '')).toMatchObject([{ state: 'being deleted' }]);
});

test('lists at most USER_LIST_LIMIT users', async () => {
  await database.execute('insert into user (username, email, pw_hash) values :rows', {
    rows: Array.from({ length: USER_LIST_LIMIT + 5 }, (_, index) => [`z${index}`, 'x', 'x']),
  });
  const first = await listNames('z');
  expect(first).toHaveLength(USER_LIST_LIMIT);
  expect(await listNames('z', first.at(-1))).toHaveLength(5);
});

import { expect, test } from 'vitest';
import { migrateSchema } from '../../src/database/schema.ts';
import { createTakenNames, retireName } from '../../src/repositories/taken-names.ts';
import { createUsers } from '../../src/repositories/users.ts';
import { useDatabase } from '../support/database.ts';
import { HANG_MS } from '../support/timeouts.ts';

const { config, database } = useDatabase();
const users = createUsers(database);
const names = createTakenNames(database);
const DAY_S = 24 * 60 * 60;

const register = (username: string) =>
  users.createUser({ username, email: 'someone@example.com', passwordHash: '$2b$04$hash' });

const RESEMBLES = {
  code: 'conflict',
  message: 'This username resembles one that is taken. Choose another one.',
};

async function readNowS(): Promise<number> {
  const [row] = await database.select<{ nowS: number }>('select unix_timestamp() as nowS');
  return row?.nowS ?? 0;
}

test('a name that resembles a taken one is refused, and stores no user', async () => {
  await register('roland');
  await expect(register('r\u043eland')).rejects.toMatchObject(RESEMBLES);
  expect(await users.findUser('r\u043eland')).toBeNull();
  await expect(register('roland')).rejects.toMatchObject({
    message: 'The username is already taken',
  });
});

test('one of several concurrent registrations of names that resemble each other succeeds', async () => {
  const attempts = await Promise.allSettled(
    ['amy 1', 'arny 1', '\u0430my 1', '\u0430rny 1', 'am\u0443 1', 'arn\u0443 1'].map(register),
  );
  expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  for (const attempt of attempts.filter(({ status }) => status === 'rejected')) {
    expect(attempt).toMatchObject({ reason: RESEMBLES });
  }
});

test('concurrent registrations of other names all succeed', async () => {
  const ids = await Promise.all(
    Array.from({ length: 40 }, (_, index) => register(`crowd ${index}`)),
  );
  expect(new Set(ids).size).toBe(40);
});

test('the name of a former user is blocked for 90 days', async () => {
  const userId = await register('otto');
  await database.transact(async (transaction) => {
    await retireName(transaction, { userId, username: 'otto' });
    await transaction.execute('delete from profile where user_id = :userId', { userId });
    await transaction.execute('delete from user where user_id = :userId', { userId });
  });
  const nowS = await readNowS();
  await names.deleteFreeNames(nowS + 89 * DAY_S, 10);
  await expect(register('otto')).rejects.toMatchObject(RESEMBLES);
  await expect(register('\u043etto')).rejects.toMatchObject(RESEMBLES);

  expect(await names.deleteFreeNames(nowS + 91 * DAY_S, 10)).toBe(1);
  await register('\u043etto');
  await expect(register('otto')).rejects.toMatchObject(RESEMBLES);
});

test('deletes at most as many free names as the limit allows, and no name of a user', async () => {
  await register('paula');
  for (const username of ['q1', 'q2', 'q3']) {
    await retireName(database, { userId: await register(username), username });
  }
  const farS = (await readNowS()) + 1000 * DAY_S;
  expect(await names.deleteFreeNames(farS, 2)).toBe(2);
  expect(await names.deleteFreeNames(farS, 2)).toBe(1);
  await expect(register('p\u0430ula')).rejects.toMatchObject(RESEMBLES);
});

test('a migration stores the names of earlier users, and all of them retain their names', async () => {
  const migrate = async () => (await migrateSchema(config, { waitMaxMs: HANG_MS })).names;
  await migrate();
  // The first two of these names resemble each other.
  const earlier = [
    'sam',
    'sarn',
    ...Array.from({ length: 2500 }, (_, index) => `earlier ${index}`),
  ];
  await database.execute('insert into user (username, email, pw_hash) values :rows', {
    rows: earlier.map((username) => [username, 'someone@example.com', 'x']),
  });
  expect(await migrate()).toBe(earlier.length - 1);
  expect(await migrate()).toBe(0);
  for (const username of ['\u0455am', 's\u0430rn', '\u0435arlier 2499']) {
    await expect(register(username)).rejects.toMatchObject(RESEMBLES);
  }

  // The second user has no row, and its deletion does not free the name of the first.
  const sarn = await users.findUser('sarn');
  await retireName(database, { userId: sarn?.userId ?? 0, username: 'sarn' });
  expect(await names.deleteFreeNames((await readNowS()) + 1000 * DAY_S, 10)).toBe(0);
});

test('the name of a former user without a row is blocked', async () => {
  await retireName(database, { userId: 0, username: 'tom' });
  await expect(register('t\u043em')).rejects.toMatchObject(RESEMBLES);
});

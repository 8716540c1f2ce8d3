import { expect, test } from 'vitest';
import { createAudit } from '../../src/repositories/audit.ts';
import { createRepositories } from '../../src/repositories/repositories.ts';
import { useDatabase } from '../support/database.ts';

const { database } = useDatabase();
const { users, renames, sessions } = createRepositories(database);
const audit = createAudit(database);
const passwordHash = '$2b$04$hash';
const BY_OPERATOR = { actor: null };

const register = (username: string) =>
  users.createUser({ username, email: 'someone@example.com', passwordHash });

test('a renamed user has the new name in all sessions, and the decision is recorded', async () => {
  const userId = await register('robert');
  await sessions.saveSession({
    sessionId: 's',
    userId,
    passwordHash,
    hasSecondFactor: false,
    expiresS: 9,
    browser: '',
  });
  await renames.rename(userId, 'bob', { actor: 'mona' });
  expect(await users.findUser('robert')).toBeNull();
  expect(await users.findUser('bob')).toMatchObject({ userId });
  expect(await sessions.findSession('s', 0)).toMatchObject({ userId, username: 'bob' });
  expect((await audit.listDecisions(null)).decisions).toMatchObject([
    { actor: 'mona', action: 'rename', userId, username: 'robert', reason: 'New name: bob' },
  ]);
});

test('the former and the new name of a renamed user are taken', async () => {
  const userId = await register('gustav');
  await renames.rename(userId, 'gus', BY_OPERATOR);
  for (const name of ['gustav', 'gust\u0430v', 'gu\u0455']) {
    await expect(register(name)).rejects.toMatchObject({ code: 'conflict' });
  }
});

test('a user can get a name that resembles the former one', async () => {
  const userId = await register('Iris');
  await renames.rename(userId, 'lris', BY_OPERATOR);
  expect(await users.findUser('lris')).toMatchObject({ userId });
  await expect(register('Iris')).rejects.toMatchObject({ code: 'conflict' });
});

test('a rename that fails changes nothing', async () => {
  const userId = await register('hugo');
  await register('ines');
  const before = [await renames.countRenames(), await audit.listDecisions(null)];
  for (const [name, message] of [
    ['ines', 'The username is already taken'],
    ['in\u0435s', 'This username resembles one that is taken. Choose another one.'],
  ] as const) {
    await expect(renames.rename(userId, name, BY_OPERATOR)).rejects.toMatchObject({
      code: 'conflict',
      message,
    });
  }
  await expect(renames.rename(999_999, 'jan', BY_OPERATOR)).rejects.toMatchObject({
    code: 'not_found',
  });
  expect(await users.findUser('hugo')).toMatchObject({ userId });
  await expect(register('hug\u043e')).rejects.toMatchObject({ code: 'conflict' });
  const fresh = createRepositories(database);
  expect([await fresh.renames.countRenames(), await audit.listDecisions(null)]).toEqual(before);
});

test('every instance counts a rename when it has returned', async () => {
  const instances = Array.from({ length: 3 }, () => createRepositories(database).renames);
  const userId = await register('karl');
  const counts = () => Promise.all(instances.map((each) => each.countRenames()));
  const [before = 0] = await counts();
  const renamed = renames.rename(userId, 'karla', BY_OPERATOR);
  await counts();
  await renamed;
  expect(await counts()).toEqual([before + 2, before + 2, before + 2]);
});

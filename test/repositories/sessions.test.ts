import { beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../src/database/database.ts';
import {
  createSessions,
  deleteAllSessions,
  type Sessions,
} from '../../src/repositories/sessions.ts';
import { createUsers } from '../../src/repositories/users.ts';
import { useCleanup } from '../support/cleanup.ts';
import { useDatabase } from '../support/database.ts';
import { waitFor } from '../support/wait-for.ts';

const { config, database } = useDatabase();
const otherDatabase = openDatabase(config);
useCleanup()(() => otherDatabase.end());
const sessions = createSessions(database);
const now = 1_800_000_000;
let alice: number;

beforeAll(async () => {
  const users = createUsers(database);
  alice = await users.createUser({ username: 'alice', email: 'a@example.com', passwordHash: 'x' });
});

/** Stores a session of a user with the password hash `x`. */
async function save(
  sessionId: string,
  userId: number,
  expiresS: number,
  repository: Pick<Sessions, 'saveSession'> = sessions,
): Promise<void> {
  const session = {
    sessionId,
    userId,
    passwordHash: 'x',
    hasSecondFactor: false,
    expiresS,
    browser: 'Chrome on Linux',
  };
  expect(await repository.saveSession(session)).toBe(true);
}

test('finds a session until it expires', async () => {
  await save('one', alice, now + 10);
  const found = {
    userId: alice,
    username: 'alice',
    isModerator: false,
    hasUnseenAuthors: false,
    expiresS: now + 10,
  };
  expect(await sessions.findSession('one', now)).toEqual(found);
  expect(await sessions.findSession('one', now + 9)).toEqual(found);
  expect(await sessions.findSession('one', now + 10)).toBeNull();
  expect(await sessions.findSession('One', now)).toBeNull();
});

test('extends a session, but not a deleted one', async () => {
  await save('two', alice, now + 10);
  await sessions.extendSession({ sessionId: 'two', expiresS: now + 20, browser: 'Firefox' });
  expect(await sessions.findSession('two', now + 15)).toMatchObject({ expiresS: now + 20 });

  await sessions.deleteSession('two');
  await sessions.extendSession({ sessionId: 'two', expiresS: now + 30, browser: 'Firefox' });
  expect(await sessions.findSession('two', now)).toBeNull();
});

test('deleteExpiredSessions deletes at most `limit` expired sessions', async () => {
  for (let index = 0; index < 5; index++) {
    await save(`old ${index}`, alice, now - 100);
  }
  await save('young', alice, now + 100);
  expect(await sessions.deleteExpiredSessions(now, 3)).toBe(3);
  expect(await sessions.deleteExpiredSessions(now, 3)).toBe(2);
  expect(await sessions.deleteExpiredSessions(now, 3)).toBe(0);
  expect(await sessions.findSession('young', now)).not.toBeNull();
});

test('concurrent logins of one user all succeed, and leave at most 20 sessions', async () => {
  const users = createUsers(database);
  const bob = await users.createUser({ username: 'bob', email: 'b@b', passwordHash: 'x' });
  const others = await users.createUser({ username: 'carol', email: 'c@c', passwordHash: 'x' });
  await save('of another user', others, now);
  const other = createSessions(otherDatabase);
  for (let round = 0; round < 3; round++) {
    await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        save(`bob ${round} ${index}`, bob, now + 100 + round, index % 2 ? sessions : other),
      ),
    );
  }
  const rows = await database.select<{ id: string }>(
    'select session_id as id from session where user_id = :bob',
    { bob },
  );
  // Each login retains its own session and 19 others, and concurrent logins may agree on only 19.
  expect([19, 20]).toContain(rows.length);
  // The sessions of the last round expire last.
  expect(rows.filter(({ id }) => !id.startsWith('bob 2'))).toEqual([]);
  expect(await sessions.findSession('of another user', now - 1)).not.toBeNull();
});

test('retains the new session even if all others expire later', async () => {
  const users = createUsers(database);
  const dan = await users.createUser({ username: 'dan', email: 'd@d', passwordHash: 'x' });
  for (let index = 0; index < 20; index++) {
    await save(`dan ${index}`, dan, now + 1000 + index);
  }
  await save('dan last', dan, now + 1);
  expect(await sessions.findSession('dan last', now)).not.toBeNull();
  expect(await sessions.findSession('dan 0', now)).toBeNull();
  expect(await sessions.findSession('dan 1', now)).not.toBeNull();
});

test('a login deletes at most 500 sessions', async () => {
  const users = createUsers(database);
  const eve = await users.createUser({ username: 'eve', email: 'e@e', passwordHash: 'x' });
  const rows = Array.from({ length: 700 }, (_, index) => [`eve ${index}`, eve, now + 10]);
  await database.execute('insert into session (session_id, user_id, expires_s) values :rows', {
    rows,
  });
  const count = async () =>
    (await database.select('select 1 from session where user_id = :eve', { eve })).length;
  await save('eve new', eve, now + 20);
  expect(await count()).toBe(201);
  await save('eve newer', eve, now + 20);
  expect(await count()).toBe(20);
});

test('lists the sessions of a user, the last used first, with their browsers', async () => {
  const users = createUsers(database);
  const fay = await users.createUser({ username: 'fay', email: 'f@f', passwordHash: 'x' });
  await save('fay expired', fay, now);
  await save('fay one', fay, now + 10);
  await save('fay two', fay, now + 20);
  await sessions.extendSession({ sessionId: 'fay one', expiresS: now + 30, browser: 'Firefox' });
  // A server of the previous release stores no browser.
  await database.execute(
    `insert into session (session_id, user_id, expires_s) values ('fay old', :fay, :expiresS)`,
    { fay, expiresS: now + 1 },
  );
  expect(await sessions.listSessions(fay, now)).toEqual([
    { sessionId: 'fay one', expiresS: now + 30, browser: 'Firefox' },
    { sessionId: 'fay two', expiresS: now + 20, browser: 'Chrome on Linux' },
    { sessionId: 'fay old', expiresS: now + 1, browser: '' },
  ]);
});

test('deletes the other sessions of a user', async () => {
  const users = createUsers(database);
  const gil = await users.createUser({ username: 'gil', email: 'g@g', passwordHash: 'x' });
  for (const id of ['gil 1', 'gil 2', 'gil 3']) await save(id, gil, now + 10);
  await save('of alice', alice, now + 10);
  await sessions.deleteOtherSessions(gil, 'gil 2');
  const left = await sessions.listSessions(gil, now);
  expect(left.map(({ sessionId }) => sessionId)).toEqual(['gil 2']);
  expect(await sessions.findSession('of alice', now)).not.toBeNull();
});

test('stores no session if the password is no longer the verified one', async () => {
  const users = createUsers(database);
  const hal = await users.createUser({ username: 'hal', email: 'h@h', passwordHash: 'new' });
  const verified = { passwordHash: 'old', hasSecondFactor: true };
  const session = { sessionId: 'hal', userId: hal, expiresS: now + 10, browser: '' };
  expect(await sessions.saveSession({ ...session, ...verified })).toBe(false);
  expect(await sessions.findSession('hal', now)).toBeNull();
});

test('a login during a change of the password waits for the change, and stores no session', async () => {
  const users = createUsers(database);
  const ida = await users.createUser({ username: 'ida', email: 'i@i', passwordHash: 'old' });
  const verified = { passwordHash: 'old', hasSecondFactor: true };
  const session = { sessionId: 'ida', userId: ida, expiresS: now + 10, browser: '' };
  let login = Promise.resolve(true);
  await otherDatabase.transact(async (transaction) => {
    await transaction.execute(`update user set pw_hash = 'new' where user_id = :ida`, { ida });
    await deleteAllSessions(transaction, ida);
    login = sessions.saveSession({ ...session, ...verified });
    await waitFor('the login waits for the lock', async () => {
      const sql = `select 1 from information_schema.processlist
        where db = database() and info like 'insert into session%''ida''%'`;
      return (await database.select(sql)).length > 0;
    });
  });
  expect(await login).toBe(false);
  expect(await sessions.findSession('ida', now)).toBeNull();
});

test('concurrent logins with the old password leave no session after a change of the password', async () => {
  const users = createUsers(database);
  for (let round = 0; round < 10; round++) {
    const username = `jo ${round}`;
    const jo = await users.createUser({ username, email: 'j@j', passwordHash: 'old' });
    const logIn = (index: number) =>
      createSessions(index % 2 ? database : otherDatabase).saveSession({
        sessionId: `${username} ${index}`,
        userId: jo,
        passwordHash: 'old',
        hasSecondFactor: false,
        expiresS: now + 10,
        browser: '',
      });
    await logIn(8);
    const logins = Array.from({ length: 4 }, (_, index) => logIn(index));
    const change = users.changePassword({ userId: jo, passwordHash: 'old' }, 'new', {
      sessionId: `${username} 8`,
      notice: null,
    });
    const later = Array.from({ length: 4 }, (_, index) => logIn(4 + index));
    await Promise.all([...logins, ...later, change]);
    expect(await sessions.listSessions(jo, now)).toEqual([]);
  }
});

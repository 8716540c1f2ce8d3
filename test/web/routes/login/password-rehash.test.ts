import { getRounds, hashSync } from 'bcryptjs';
import { expect, onTestFinished, test } from 'vitest';
import { captureLog } from '../../../support/capture-log.ts';
import { useMiniTwit } from '../../../support/minitwit.ts';

const COST = 5;

const { database, repositories, visitor, withSettings } = useMiniTwit({}, { cost: COST });

/** Registers a user with the password `a password` and a hash of cost 4. Returns the hash. */
async function registerWithCost4(username: string): Promise<string> {
  const passwordHash = hashSync('a password', 4);
  const email = 'someone@example.com';
  await repositories.users.createUser({ username, email, passwordHash });
  return passwordHash;
}

async function findHash(username: string): Promise<string> {
  const credentials = await repositories.users.findCredentials(username);
  return credentials?.passwordHash ?? '';
}

test('a login replaces a hash of a lower cost', async () => {
  const before = await registerWithCost4('alice');
  expect((await visitor().login('alice', 'a password')).text).toContain('You were logged in');
  const after = await findHash('alice');
  expect(getRounds(after)).toBe(COST);
  expect(after).not.toBe(before);
  expect((await visitor().login('alice', 'a password')).text).toContain('You were logged in');
  expect((await visitor().login('alice', 'another')).text).toContain('Invalid password');
  expect(await findHash('alice')).toBe(after);
});

test('a login with a wrong password does not replace the hash', async () => {
  const before = await registerWithCost4('bob');
  expect((await visitor().login('bob', 'another')).text).toContain('Invalid password');
  expect(await findHash('bob')).toBe(before);
});

test('concurrent logins succeed and replace the hash', async () => {
  await registerWithCost4('carl');
  const answers = await Promise.all(
    Array.from({ length: 5 }, () => visitor().login('carl', 'a password')),
  );
  for (const { text } of answers) expect(text).toContain('You were logged in');
  expect(getRounds(await findHash('carl'))).toBe(COST);
  expect((await visitor().login('carl', 'a password')).text).toContain('You were logged in');
});

test('a login succeeds, and logs an entry, if the database refuses the new hash', async () => {
  const before = await registerWithCost4('dora');
  await database.execute(
    "create trigger refuse before update on user for each row signal sqlstate '45000'",
  );
  onTestFinished(async () => {
    await database.execute('drop trigger refuse');
  });
  const { logger, lines } = captureLog();
  const { text } = await visitor(withSettings({}, logger)).login('dora', 'a password');
  expect(text).toContain('You were logged in');
  expect(await findHash('dora')).toBe(before);
  const logged = lines.filter((line) => line.includes('The password hash was not renewed'));
  expect(logged).toHaveLength(1);
  expect(logged[0]).toContain('"level":30');
  expect(logged[0]).not.toContain('$2b$');
});

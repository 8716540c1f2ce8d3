import { afterEach, expect, test } from 'vitest';
import { openDatabase } from '../../src/database/database.ts';
import { createAccountDeletion } from '../../src/repositories/account-deletion.ts';
import { createMails } from '../../src/repositories/mails.ts';
import { createPasswordResets } from '../../src/repositories/password-resets.ts';
import { createUsers, type User } from '../../src/repositories/users.ts';
import { useCleanup } from '../support/cleanup.ts';
import { useDatabase } from '../support/database.ts';

const { config, database } = useDatabase();
const otherDatabase = openDatabase(config);
useCleanup()(() => otherDatabase.end());
const users = createUsers(database);
const resets = createPasswordResets(database);
const otherResets = createPasswordResets(otherDatabase);
const mails = createMails(database);

const createUser = (username: string, email: string) =>
  users.createUser({ username, email, passwordHash: 'x' });
const write = ({ userId, username, email }: User) => ({
  recipient: email,
  subject: 'Reset',
  text: username,
  link: { userId, purpose: 'reset' as const },
});

/** Answers all requests, and returns the texts of the mails. */
async function answerAll(): Promise<string[]> {
  while (await resets.answerResetRequest(write));
  return (await mails.claimMails(20)).map(({ text }) => text);
}

afterEach(async () => {
  await database.execute('delete from mail');
  await database.execute('delete from reset_request');
});

test('finds accounts by their address in any case, but not with other accents', async () => {
  await createUser('alice', 'Alice@example.com');
  await createUser('álice', 'álice@example.com');
  await resets.requestReset('aLICE@example.com');
  expect(await answerAll()).toEqual(['alice']);
  await resets.requestReset('Álice@example.com');
  expect(await answerAll()).toEqual(['álice']);
});

test('answers a request for an unknown address without a mail', async () => {
  await resets.requestReset('unknown@example.com');
  expect(await resets.answerResetRequest(write)).toBe(true);
  expect(await resets.answerResetRequest(write)).toBe(false);
  expect(await mails.claimMails(1)).toEqual([]);
});

test('an account that is being deleted gets no mail', async () => {
  const userId = await createUser('bea', 'bea@example.com');
  await createUser('bert', 'bea@example.com');
  await createAccountDeletion(database).startDeletion(userId, { actor: null, reason: '' });
  await resets.requestReset('bea@example.com');
  expect(await answerAll()).toEqual(['bert']);
});

test('two instances answer each request once, at the same time', async () => {
  for (let index = 0; index < 20; index++) {
    await createUser(`user${index}`, `user${index}@example.com`);
    await resets.requestReset(`user${index}@example.com`);
  }
  const answer = async (instance: typeof resets) => {
    while (await instance.answerResetRequest(write));
  };
  await Promise.all([resets, otherResets, resets, otherResets].map(answer));
  const texts = (await mails.claimMails(100)).map(({ text }) => text);
  expect(texts).toHaveLength(20);
  expect(new Set(texts).size).toBe(20);
});

test('a request is deleted after an hour without an answer', async () => {
  await resets.requestReset('late@example.com');
  expect(await resets.deleteOldRequests(10)).toBe(0);
  await database.execute('update reset_request set created_s = created_s - 3600');
  expect(await resets.deleteOldRequests(10)).toBe(1);
});

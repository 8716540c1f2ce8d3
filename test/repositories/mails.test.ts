import { afterEach, expect, test } from 'vitest';
import { openDatabase } from '../../src/database/database.ts';
import { createEmailChanges } from '../../src/repositories/email-changes.ts';
import { createLinks, type Link } from '../../src/repositories/links.ts';
import {
  addMail,
  type ClaimedMail,
  createMails,
  type NewMail,
  RETRY_MIN_S,
  TOKEN_PLACEHOLDER,
} from '../../src/repositories/mails.ts';
import { createOutbox } from '../../src/repositories/outbox.ts';
import { createSessions } from '../../src/repositories/sessions.ts';
import { createUsers } from '../../src/repositories/users.ts';
import { useCleanup } from '../support/cleanup.ts';
import { useDatabase } from '../support/database.ts';

const { config, database } = useDatabase();
const otherDatabase = openDatabase(config);
useCleanup()(() => otherDatabase.end());
const users = createUsers(database);
const mails = createMails(database);
const otherMails = createMails(otherDatabase);
const outbox = createOutbox(database);
const links = createLinks(database);
const letter: NewMail = {
  recipient: 'a@example.com',
  subject: 'News',
  text: 'Hello\n',
  link: null,
};

/** Makes all mails due that were claimed `seconds` ago. */
const pass = (seconds: number) =>
  database.execute('update mail set due_s = due_s - :seconds', { seconds });
const listWaits = () =>
  database.select<{ waitS: number }>(
    'select cast(due_s as signed) - unix_timestamp() as waitS from mail order by mail_id',
  );

/** Creates the link of a claimed mail to a new address. */
async function findMailLink(mail: ClaimedMail | undefined): Promise<Link | null> {
  const token = mail && (await mails.createMailLink(mail));
  return links.findLink(token ?? '', 'email');
}

afterEach(async () => {
  await database.execute('delete from mail');
});

test('a claimed mail is due again later, unless it is deleted', async () => {
  await addMail(database, letter);
  const [mail, ...others] = await mails.claimMails(10);
  expect(mail).toMatchObject({ ...letter, ageS: 0 });
  expect(others).toEqual([]);
  expect(await otherMails.claimMails(10)).toEqual([]);
  await pass(RETRY_MIN_S);
  expect(await otherMails.claimMails(10)).toHaveLength(1);
  await mails.deleteMail(mail?.mailId ?? 0);
  await pass(RETRY_MIN_S * 2);
  expect(await mails.claimMails(10)).toEqual([]);
});

test('each attempt doubles the time until the next one, up to four hours', async () => {
  await addMail(database, letter);
  const waits: number[] = [];
  for (let attempt = 0; attempt < 10; attempt++) {
    await mails.claimMails(1);
    const [row] = await listWaits();
    waits.push(Math.round((row?.waitS ?? 0) / 60));
    await pass(14_400);
  }
  expect(waits).toEqual([2, 4, 8, 16, 32, 64, 128, 240, 240, 240]);
});

test('two instances never claim one mail at the same time', async () => {
  for (let index = 0; index < 20; index++) await addMail(database, letter);
  const claims = await Promise.all(
    Array.from({ length: 10 }, (_, index) => (index % 2 ? mails : otherMails).claimMails(3)),
  );
  const ids = claims.flat().map(({ mailId }) => mailId);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.length).toBeGreaterThan(0);
});

test('a mail of a transaction that is rolled back is not sent', async () => {
  await expect(
    database.transact(async (transaction) => {
      await addMail(transaction, letter);
      throw new Error('rolled back');
    }),
  ).rejects.toThrow('rolled back');
  await addMail(database, null);
  expect(await mails.claimMails(1)).toEqual([]);
});

test('the link of a mail is created when the mail is sent, unless it was revoked', async () => {
  const newUser = { username: 'alice', email: 'a@example.com', passwordHash: 'x' };
  const userId = await users.createUser(newUser);
  const withLink: NewMail = {
    ...letter,
    text: `/reset_password/${TOKEN_PLACEHOLDER}`,
    link: { userId, purpose: 'reset' },
  };
  await addMail(database, withLink);
  const [mail] = await mails.claimMails(1);
  expect(mail).toMatchObject(withLink);
  const token = mail && (await mails.createMailLink(mail));
  expect(await links.findLink(token ?? '', 'reset')).toMatchObject({ userId });

  const session = { sessionId: 'alice', userId, passwordHash: 'x', hasSecondFactor: false };
  await createSessions(database).saveSession({ ...session, expiresS: 4_000_000_000, browser: '' });
  const change = { sessionId: 'alice', notice: letter };
  await users.changePassword({ userId, passwordHash: 'x' }, 'y', change);
  expect(mail && (await mails.createMailLink(mail))).toBeNull();
  // The notice about the change is not revoked.
  expect(await mails.claimMails(10)).toMatchObject([{ link: null }]);
});

test('a link that confirms an address has the address of its mail, and revokes earlier ones', async () => {
  const newUser = { username: 'bob', email: 'old@example.com', passwordHash: 'x' };
  const userId = await users.createUser(newUser);
  const changes = createEmailChanges(database);
  const request = (recipient: string) =>
    changes.requestConfirmation(
      { userId, passwordHash: 'x' },
      { ...letter, recipient, link: { userId, purpose: 'email' } },
    );
  await request('mistyped@example.com');
  const [mistyped] = await mails.claimMails(1);
  const oldLink = await findMailLink(mistyped);
  expect(oldLink?.email).toBe('mistyped@example.com');

  await request('new@example.com');
  const [mail] = await mails.claimMails(10);
  const link = await findMailLink(mail);
  if (!oldLink || !link) throw new Error('A mail has no link.');
  expect(await changes.confirmEmail(oldLink, null)).toBe(false);
  expect(await changes.confirmEmail(link, null)).toBe(true);
  expect(await users.findUser('bob')).toMatchObject({ email: 'new@example.com' });
  expect(await changes.confirmEmail(link, null)).toBe(false);
});

test('an address does not change if the password is no longer the verified one', async () => {
  const newUser = { username: 'carol', email: 'old@example.com', passwordHash: 'x' };
  const userId = await users.createUser(newUser);
  const changes = createEmailChanges(database);
  const read = { userId, passwordHash: 'former' };
  const conflict = { code: 'conflict' };
  await expect(changes.requestConfirmation(read, letter)).rejects.toMatchObject(conflict);
  await expect(changes.changeEmail(read, 'new@example.com')).rejects.toMatchObject(conflict);
  expect(await mails.claimMails(10)).toEqual([]);
  expect(await users.findUser('carol')).toMatchObject({ email: 'old@example.com' });
});

test('the outbox has the newest 50 mails, and they are not due', async () => {
  for (let index = 0; index < 52; index++) await addMail(database, letter);
  const claimed = await mails.claimMails(60);
  for (const { mailId } of claimed) await outbox.addToOutbox(mailId, `The text of ${mailId}`);
  const listed = await outbox.listOutbox();
  expect(listed.map(({ text }) => text)).toEqual(
    claimed
      .map(({ mailId }) => `The text of ${mailId}`)
      .toReversed()
      .slice(0, 50),
  );
  expect(await mails.countMails()).toBe(0);
  expect(await database.select('select 1 from mail')).toHaveLength(50);
  expect(await mails.claimMails(1)).toEqual([]);
});

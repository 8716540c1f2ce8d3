import { beforeAll, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../src/database/database.ts';
import { createMutes } from '../../src/repositories/mutes.ts';
import {
  createReports,
  type NewReport,
  type Report,
  REPORT_TEXT_MAX_LENGTH,
  REPORTS_PAGE_SIZE,
} from '../../src/repositories/reports.ts';
import { createRepositories } from '../../src/repositories/repositories.ts';
import { useCleanup } from '../support/cleanup.ts';
import { useDatabase } from '../support/database.ts';
import { waitFor } from '../support/wait-for.ts';

const { config, database } = useDatabase();
const otherDatabase = openDatabase(config);
useCleanup()(() => otherDatabase.end());
const { users, messages, reports, hiddenMessages, hiddenAuthors, audit, accountDeletion } =
  createRepositories(database);
const there = createRepositories(otherDatabase);
const verdict = { actor: 'mo', reason: 'no problem' };
let alice: number;
let bob: number;
let messageId: number;

beforeAll(async () => {
  const person = { email: 'a@b', passwordHash: 'x' };
  alice = await users.createUser({ ...person, username: 'alice' });
  bob = await users.createUser({ ...person, username: 'bob' });
  messageId = await messages.createMessage(bob, 'buy this');
});

const ofMessage = (): NewReport => ({
  reporterId: alice,
  userId: bob,
  messageId,
  reason: 'spam',
  text: '👍'.repeat(REPORT_TEXT_MAX_LENGTH),
});
const ofPerson = (): NewReport => ({ ...ofMessage(), messageId: null, reason: 'other', text: '' });

async function listOpen(readerId = alice): Promise<Report[]> {
  return (await reports.listOpenReports(readerId, null)).reports;
}

test('a user reports a thing once, also with concurrent requests', async () => {
  const results = await Promise.all(
    Array.from({ length: 6 }, (_, index) =>
      (index % 2 ? reports : there.reports).createReport(ofMessage()),
    ),
  );
  expect(results.filter(Boolean)).toHaveLength(1);
  expect(await reports.createReport(ofPerson())).toBe(true);
  expect(await reports.createReport({ ...ofPerson(), reason: 'spam' })).toBe(false);
  expect(await listOpen()).toHaveLength(2);
});

test('lists open reports with their context, newest first, and not those about the reader', async () => {
  const common = { userId: bob, username: 'bob', reporter: 'alice', isOpen: true };
  expect(await listOpen()).toMatchObject([
    { ...common, messageId: null, message: null, reason: 'other', text: '', isSuspended: false },
    {
      ...common,
      messageId,
      message: { messageId, username: 'bob', text: 'buy this', isHidden: false },
      reason: 'spam',
      text: ofMessage().text,
    },
  ]);
  expect(await listOpen(bob)).toEqual([]);
  await hiddenMessages.hideMessage({ messageId, authorId: bob, username: 'bob' }, verdict);
  await hiddenAuthors.suspend(bob, null, verdict);
  expect(await listOpen()).toMatchObject([
    { isSuspended: true },
    { isSuspended: true, message: { isHidden: true } },
  ]);
  await hiddenAuthors.liftSuspension(bob, verdict);
  await messages.deleteMessage({ messageId, authorId: bob });
  expect(await listOpen()).toMatchObject([{}, { messageId, message: null }]);
});

test('a report and a mute of the same two users at the same time do not deadlock', async () => {
  const [first, second] = [alice, bob].toSorted((a, b) => a - b) as [number, number];
  const attempts = { mute: 0, report: 0 };
  const counting = (what: keyof typeof attempts): Database => ({
    ...otherDatabase,
    transact: (work) =>
      otherDatabase.transact((transaction) => {
        attempts[what]++;
        return work(transaction);
      }),
  });
  const waitForLock = (sql: string) =>
    waitFor(`the statement waits: ${sql}`, async () => {
      const waiting = await database.select(
        `select 1 from information_schema.processlist where db = database() and info like :sql`,
        { sql },
      );
      return waiting.length > 0;
    });
  let mute: Promise<void> = Promise.resolve();
  let report: Promise<boolean> = Promise.resolve(false);
  await database.transact(async (transaction) => {
    await transaction.select('select 1 from user where user_id = :first for update', { first });
    mute = createMutes(counting('mute')).mute(first, second);
    await waitForLock('update user force index%');
    report = createReports(counting('report')).createReport({
      ...ofPerson(),
      reporterId: second,
      userId: first,
    });
    await waitForLock('select 1%from user%share mode');
  });
  await Promise.all([mute, report]);
  expect(attempts).toEqual({ mute: 1, report: 1 });
  await database.execute('delete from report where reporter_id = :second', { second });
});

test('one of two moderators at the same time closes a report, and the audit log has this decision', async () => {
  const [report] = await listOpen();
  if (!report) throw new Error('There is no report.');
  const results = await Promise.all([
    reports.closeReport(report, { actor: 'one', reason: '' }),
    there.reports.closeReport(report, { actor: 'two', reason: '' }),
  ]);
  expect(results.filter(Boolean)).toHaveLength(1);
  const [decision] = await audit.listDecisionsAbout([bob]);
  expect(decision).toMatchObject({
    actor: results[0] ? 'one' : 'two',
    action: 'close_report',
    messageId: null,
    username: 'bob',
  });
  expect(await listOpen()).toHaveLength(1);
  expect(await reports.findReport(report.reportId)).toMatchObject({ isOpen: false });
  expect(await reports.findReport(1_000_000)).toBeNull();
  // The user cannot report the same thing again.
  expect(await reports.createReport(ofPerson())).toBe(false);
});

test('reports by or about accounts that are being deleted fill no page', async () => {
  await database.execute('delete from report');
  const person = { email: 'a@b', passwordHash: 'x' };
  const deleted = await users.createUser({ ...person, username: 'deleted' });
  const rows = [
    [alice, bob, 1, 'spam', 'the only one', 1],
    ...Array.from({ length: REPORTS_PAGE_SIZE + 1 }, (_, index) =>
      index % 2
        ? [alice, deleted, 1000 + index, 'spam', '', 1]
        : [deleted, bob, 1000 + index, 'spam', '', 1],
    ),
  ];
  await database.execute(
    'insert into report (reporter_id, user_id, message_id, reason, text, created_s) values :rows',
    { rows },
  );
  const all = await reports.listOpenReports(0, null);
  expect(all.hasOlder).toBe(true);
  const [newest] = all.reports;
  await accountDeletion.startDeletion(deleted, verdict);
  const page = await reports.listOpenReports(0, null);
  expect(page).toMatchObject({ reports: [{ text: 'the only one' }], hasOlder: false });
  expect(await reports.findReport(newest?.reportId ?? 0)).toBeNull();
});

test('lists open reports by pages', async () => {
  await database.execute('delete from report');
  const rows = Array.from({ length: REPORTS_PAGE_SIZE + 1 }, (_, index) => [
    alice,
    bob,
    1000 + index,
    'spam',
    String(index),
    1,
  ]);
  await database.execute(
    'insert into report (reporter_id, user_id, message_id, reason, text, created_s) values :rows',
    { rows },
  );
  const first = await reports.listOpenReports(alice, null);
  expect(first.hasOlder).toBe(true);
  const last = await reports.listOpenReports(alice, first.reports.at(-1)?.reportId ?? 0);
  expect(last.hasOlder).toBe(false);
  const texts = [...first.reports, ...last.reports].map(({ text }) => text);
  expect(texts).toEqual(rows.map((row) => row[4]).toReversed());
});

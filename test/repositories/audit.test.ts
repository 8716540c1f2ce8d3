import { expect, test } from 'vitest';
import {
  AUDIT_PAGE_SIZE,
  createAudit,
  type Decision,
  DECISIONS_PER_USER,
  REASON_MAX_LENGTH,
  recordDecision,
} from '../../src/repositories/audit.ts';
import { useDatabase } from '../support/database.ts';

const { database } = useDatabase();
const audit = createAudit(database);

const record = (decision: Decision) =>
  database.transact((transaction) => recordDecision(transaction, decision));

/** Records decisions about a user, oldest first. */
async function recordAbout(userId: number, reasons: string[]): Promise<void> {
  for (const reason of reasons) {
    const username = `user ${userId}`;
    await record({ actor: 'mo', action: 'suspend', userId, username, messageId: null, reason });
  }
}

test('records a decision with the time of the database, for a moderator and for the operator', async () => {
  const hidden: Decision = {
    actor: 'mø 👍',
    action: 'hide_message',
    userId: 1,
    username: 'zoë',
    messageId: 4_000_000_000_000,
    reason: '👍'.repeat(REASON_MAX_LENGTH),
  };
  const renamed: Decision = {
    ...hidden,
    actor: null,
    action: 'rename',
    messageId: null,
    reason: '',
  };
  await record(hidden);
  await record(renamed);
  const [time] = await database.select<{ nowS: number }>('select unix_timestamp() as nowS');
  const { decisions } = await audit.listDecisions(null);
  expect(decisions).toMatchObject([renamed, hidden]);
  for (const { createdS } of decisions) {
    expect(createdS).toBeLessThanOrEqual(time?.nowS ?? 0);
    expect(createdS).toBeGreaterThan((time?.nowS ?? 0) - 60);
  }
});

test('a decision whose transaction rolls back is not recorded', async () => {
  const before = await audit.listDecisionsAbout([2]);
  const failure = database.transact(async (transaction) => {
    const decision = { actor: null, userId: 2, username: 'x', messageId: null, reason: '' };
    await recordDecision(transaction, { ...decision, action: 'delete' });
    throw new Error('The decision cannot be carried out.');
  });
  await expect(failure).rejects.toThrow('carried out');
  expect(await audit.listDecisionsAbout([2])).toEqual(before);
});

test('lists the audit log by pages, newest first', async () => {
  const reasons = Array.from({ length: 2 * AUDIT_PAGE_SIZE }, (_, index) => `reason ${index}`);
  await recordAbout(3, reasons);
  const first = await audit.listDecisions(null);
  const second = await audit.listDecisions(first.decisions.at(-1)?.decisionId ?? 0);
  const listed = [...first.decisions, ...second.decisions].map(({ reason }) => reason);
  expect(listed).toEqual(reasons.toReversed());
  expect(first.hasOlder).toBe(true);
  const oldest = await audit.listDecisions(1);
  expect(oldest).toEqual({ decisions: [], hasOlder: false });
});

test('a full last page has no older page', async () => {
  await database.execute('delete from audit');
  await recordAbout(4, Array.from({ length: AUDIT_PAGE_SIZE }, String));
  const page = await audit.listDecisions(null);
  expect(page.decisions).toHaveLength(AUDIT_PAGE_SIZE);
  expect(page.hasOlder).toBe(false);
});

test('lists the newest decisions about several users', async () => {
  await recordAbout(5, ['5 a', '5 b']);
  await recordAbout(
    6,
    Array.from({ length: DECISIONS_PER_USER + 2 }, (_, index) => `6 ${index}`),
  );
  await recordAbout(7, ['7 a']);
  const listed = await audit.listDecisionsAbout([5, 6]);
  expect(listed.map(({ reason }) => reason)).toEqual([
    '6 6',
    '6 5',
    '6 4',
    '6 3',
    '6 2',
    '5 b',
    '5 a',
  ]);
  expect(await audit.listDecisionsAbout([])).toEqual([]);
});

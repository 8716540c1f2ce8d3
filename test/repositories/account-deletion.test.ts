import { beforeAll, expect, inject, test, vi } from 'vitest';
import { type Database, openDatabase } from '../../src/database/database.ts';
import type { Statements } from '../../src/database/statements.ts';
import { AppError } from '../../src/errors/app-error.ts';
import { createAccountDeletion, STEP_ROWS } from '../../src/repositories/account-deletion.ts';
import { createMessages } from '../../src/repositories/messages.ts';
import { createRepositories } from '../../src/repositories/repositories.ts';
import { useCleanup } from '../support/cleanup.ts';
import { useDatabase } from '../support/database.ts';
import { waitFor } from '../support/wait-for.ts';

// Two instances, each with its own connections.
const { config, database } = useDatabase();
const otherDatabase = openDatabase(config);
useCleanup()(() => otherDatabase.end());
const here = createRepositories(database);
const there = createRepositories(otherDatabase);
const { users, messages, followers, profiles, hiddenAuthors, accountDeletion } = here;
const source = { actor: 'moderator', reason: 'spam' };
let bob: number;
let carol: number;

beforeAll(async () => {
  bob = await createUser('bob');
  carol = await createUser('carol');
  await followers.follow(bob, carol);
});

function createUser(username: string): Promise<number> {
  return users.createUser({ username, email: 'a@example.com', passwordHash: 'x' });
}

/** Creates a user with rows in each table, and returns the id. */
async function createUserWithRows(username: string): Promise<number> {
  const userId = await createUser(username);
  await messages.createMessage(userId, 'a message');
  await here.sessions.saveSession({
    sessionId: username,
    userId,
    passwordHash: 'x',
    hasSecondFactor: false,
    expiresS: 4_000_000_000,
    browser: '',
  });
  for (const [who, whom] of [
    [userId, bob],
    [bob, userId],
    [carol, userId],
  ] as const) {
    await followers.follow(who, whom);
  }
  await insertRows(userId, username);
  return userId;
}

/** Inserts rows of a user into each table in which requests insert them after they have locked the user. */
async function insertRows(userId: number, username: string): Promise<void> {
  for (const sql of [
    'insert into block (who_id, whom_id) values (:userId, :bob), (:bob, :userId)',
    'insert into mute (who_id, whom_id) values (:userId, :bob), (:bob, :userId)',
    `insert into report (reporter_id, user_id, reason, text, created_s)
     values (:userId, :bob, 'spam', '', 0), (:bob, :userId, 'spam', '', 0)`,
    `insert into link (token_hash, user_id, purpose, expires_s)
     values (:username, :userId, 'reset', 0)`,
    `insert into mail (recipient, subject, text, user_id, purpose, created_s, due_s)
     values ('a@example.com', '', '', :userId, 'reset', 0, 0)`,
    `insert into totp (user_id, secret) values (:userId, 'secret')`,
    `insert into recovery_code (user_id, code_hash) values (:userId, 'one'), (:userId, 'two')`,
    `insert into passkey (credential_id, user_id, public_key, counter, name, created_s, used_s)
     values (:username, :userId, 'key', 0, 'a key', 0, 0)`,
  ]) {
    await database.execute(sql, { userId, bob, username });
  }
}

/** Returns a database that calls `act` once, before a transaction sends the first select that begins with `start`. */
function callBeforeSelect(start: string, act: () => Promise<unknown>): Database {
  let isCalled = false;
  return {
    ...database,
    transact: (work) =>
      database.transact((transaction) =>
        work({
          async select(sql, parameters) {
            if (sql.startsWith(start) && !isCalled) {
              isCalled = true;
              await act();
            }
            return transaction.select(sql, parameters);
          },
          execute: (sql, parameters) => transaction.execute(sql, parameters),
        }),
      ),
  };
}

/** Lists the columns with users, except of the audit log, which outlives them. Also those of later versions. */
function listUserColumns(): Promise<{ tableName: string; columnName: string }[]> {
  return database.select(
    `select table_name as tableName, column_name as columnName
     from information_schema.columns
     where table_schema = database() and table_name <> 'audit'
       and column_name in ('user_id', 'who_id', 'whom_id', 'author_id', 'reporter_id')`,
  );
}

/** Lists the tables with a row of a user. */
async function listTablesWith(userId: number): Promise<string[]> {
  const counts = await Promise.all(
    (await listUserColumns()).map(async ({ tableName, columnName }) => {
      const rows = await database.select(
        `select 1 from ${tableName} where ${columnName} = :userId`,
        { userId },
      );
      return rows.length > 0 ? tableName : null;
    }),
  );
  return Array.from(new Set(counts.filter((name) => name !== null))).toSorted();
}

/** Returns the deletion of a process that is killed in its transaction of this number, before or after the commit. */
function createKilledDeletion(killedAt: number, when: 'before' | 'after') {
  let transactions = 0;
  const transact: Database['transact'] = async (work) => {
    transactions++;
    const isLast = transactions === killedAt;
    const result = await database.transact(async (transaction) => {
      const done = await work(transaction);
      if (isLast && when === 'before') throw new Error('killed');
      return done;
    });
    if (isLast) throw new Error('killed');
    return result;
  };
  return createAccountDeletion({ ...database, transact });
}

async function countsOf(username: string) {
  const profile = await profiles.findProfile(username);
  return { followers: profile?.followers, following: profile?.following };
}

test('hides the user at once, and deletes the rows of all tables later', async () => {
  const alice = await createUserWithRows('alice');
  const filled = await listTablesWith(alice);
  // A new table with users needs a row in `createUserWithRows`, and a step of the deletion.
  const tables = new Set((await listUserColumns()).map(({ tableName }) => tableName));
  expect([...filled, 'hidden_author'].toSorted()).toEqual([...tables].toSorted());

  expect(await accountDeletion.startDeletion(alice, source)).toBe(true);
  expect(await accountDeletion.startDeletion(alice, source)).toBe(false);
  expect(await hiddenAuthors.suspend(alice, null, source)).toBe(false);
  expect(await hiddenAuthors.liftSuspension(alice, source)).toBe(false);
  expect(await there.profiles.findProfile('alice')).toBeNull();
  expect(await there.users.findUser('alice')).toBeNull();
  expect(await there.users.findCredentials('alice')).toBeNull();
  expect(await there.sessions.findSession('alice', 0)).toBeNull();
  expect((await there.timelines.listPublic(null)).messageIds).toEqual([]);
  expect((await there.timelines.listHome(bob, null)).messageIds).toEqual([]);
  const during = await listTablesWith(alice);
  const ended = new Set(['session', 'link', 'mail']);
  expect(during).toEqual(
    [...filled, 'hidden_author'].filter((each) => !ended.has(each)).toSorted(),
  );

  expect(await there.accountDeletion.continueDeletions(10)).toBe(1);
  expect(await listTablesWith(alice)).toEqual([]);
  expect(await countsOf('bob')).toEqual({ followers: 0, following: 1 });
  expect(await countsOf('carol')).toEqual({ followers: 1, following: 0 });
  expect(await accountDeletion.startDeletion(alice, source)).toBe(false);
  expect(await accountDeletion.continueDeletions(10)).toBe(0);
  await expect(createUser('alice')).rejects.toMatchObject({ code: 'conflict' });
  const decisions = await database.select(
    'select action, username, reason from audit where user_id = :alice',
    { alice },
  );
  expect(decisions).toEqual([{ action: 'delete', username: 'alice', reason: 'spam' }]);
});

test('no list of another user names a user from the start of the deletion', async () => {
  const nora = await createUserWithRows('nora');
  const message = await messages.createMessage(nora, 'a message of nora');
  const list = () =>
    Promise.all([
      there.blocks.listBlocked(bob, '').then(({ usernames }) => usernames),
      there.mutes.listMuted(bob, '').then(({ usernames }) => usernames),
      there.personalData.listFollowed(bob, 0),
      there.personalData.listBlocked(bob, 0),
      there.personalData.listMuted(bob, 0),
      there.personalData.listReports(bob, 0),
      there.messages.findMessage(message),
      there.reports.listOpenReports(0, null),
    ]);
  const name = expect.stringContaining('nora') as string;
  expect((await list()).map((each) => JSON.stringify(each))).toEqual(Array(8).fill(name));
  await accountDeletion.startDeletion(nora, source);
  expect((await list()).map((each) => JSON.stringify(each)).join()).not.toContain('nora');
  await accountDeletion.continueDeletions(10);
});

test('requests of a user whose rows are gone are refused with a message', async () => {
  const gone = await createUser('otto');
  await accountDeletion.startDeletion(gone, source);
  await accountDeletion.continueDeletions(10);
  const read = { userId: gone, passwordHash: 'x' };
  const results = await Promise.allSettled([
    messages.createMessage(gone, 'late'),
    followers.follow(gone, bob),
    followers.follow(bob, gone),
    followers.unfollow(bob, gone),
    here.blocks.block(gone, bob),
    here.blocks.block(bob, gone),
    here.mutes.mute(gone, bob),
    here.mutes.mute(bob, gone),
    users.changePassword(read, 'y', { sessionId: 'x', notice: null }),
    here.recoveryCodes.replaceCodes(read, ['one'], null),
    here.emailChanges.changeEmail(read, 'b@example.com'),
    messages.deleteMessage({ messageId: 1, authorId: gone }),
    here.timelines.listHome(gone, null),
  ]);
  const errors = results.flatMap((result) =>
    result.status === 'rejected' ? [result.reason as unknown] : [],
  );
  expect(errors.filter((error) => !(error instanceof AppError))).toEqual([]);
  expect(await listTablesWith(gone)).toEqual([]);
});

test('a user whose password has changed since it was entered deletes no account', async () => {
  const userId = await createUser('hal');
  const read = { userId, passwordHash: 'former' };
  const deletion = accountDeletion.startOwnDeletion(read, null);
  await expect(deletion).rejects.toMatchObject({ code: 'conflict' });
  expect(await there.users.findUser('hal')).not.toBeNull();
});

test('another call completes a deletion whose process was killed, at each of its transactions', async () => {
  let isKilled = true;
  let killedAt = 0;
  while (isKilled) {
    killedAt++;
    for (const when of ['before', 'after'] as const) {
      const username = `killed ${when} commit ${killedAt}`;
      const userId = await createUserWithRows(username);
      await accountDeletion.startDeletion(userId, source);
      const killed = createKilledDeletion(killedAt, when).continueDeletions(10);
      isKilled = await killed.then(
        () => false,
        () => true,
      );
      await there.accountDeletion.continueDeletions(10);
      expect(await listTablesWith(userId)).toEqual([]);
      expect(await countsOf('bob')).toEqual({ followers: 0, following: 1 });
      expect(await countsOf('carol')).toEqual({ followers: 1, following: 0 });
    }
  }
  expect(killedAt).toBeGreaterThan(10);
});

test('concurrent calls of two instances delete each account once, and the counts of others are right', async () => {
  const names = Array.from({ length: 6 }, (_, index) => `group ${index}`);
  const ids = await Promise.all(names.map(createUser));
  for (const who of ids)
    for (const whom of ids) if (who !== whom) await followers.follow(who, whom);
  for (const who of ids) await followers.follow(who, bob);
  for (const id of ids.slice(1)) await accountDeletion.startDeletion(id, source);
  const instances = [here, there, here, there];
  const deleted = await Promise.all(
    instances.map((each) => each.accountDeletion.continueDeletions(10)),
  );
  expect(deleted.reduce((sum, each) => sum + each, 0)).toBe(5);
  for (const id of ids.slice(1)) expect(await listTablesWith(id)).toEqual([]);
  expect(await countsOf('group 0')).toEqual({ followers: 0, following: 1 });
  expect(await countsOf('bob')).toEqual({ followers: 1, following: 1 });
});

test.each([
  [
    'session',
    "session_id = 'a'",
    "(session_id, user_id, expires_s) values ('a', :userId, 4000000000)",
  ],
  [
    'passkey',
    "credential_id = 'a'",
    "(credential_id, user_id, public_key, counter, name, created_s, used_s) values ('a', :userId, '', 0, '', 0, 0)",
  ],
  [
    'mail',
    'mail_id = 1000',
    "(mail_id, recipient, subject, text, user_id, created_s, due_s) values (1000, '', '', '', :userId, 0, 0)",
  ],
  [
    'link',
    "token_hash = 'a'",
    "(token_hash, user_id, purpose, expires_s) values ('a', :userId, 'reset', 0)",
  ],
  [
    'report',
    'report_id = 1000',
    "(report_id, reporter_id, user_id, reason, text, created_s) values (1000, :bob, :userId, 'spam', '', 0)",
  ],
  [
    'report',
    'report_id = 1001',
    "(report_id, reporter_id, user_id, reason, text, created_s) values (1001, :userId, :bob, 'spam', '', 0)",
  ],
  ['mute', 'who_id = :bob and whom_id = :userId', '(who_id, whom_id) values (:bob, :userId)'],
  ['block', 'who_id = :bob and whom_id = :userId', '(who_id, whom_id) values (:bob, :userId)'],
  ['follower', 'who_id = :bob and whom_id = :userId', '(who_id, whom_id) values (:bob, :userId)'],
  [
    'message',
    'message_id = 1000000',
    "(message_id, author_id, text, pub_date) values (1000000, :userId, '', 0)",
  ],
])(
  'a deletion does not deadlock with a transaction that deletes a row of %s',
  async (table, key, row) => {
    const userId = await createUser(`owner in ${table} of ${key}`);
    await accountDeletion.startDeletion(userId, source);
    await database.execute(`insert into ${table} ${row}`, { userId, bob });
    let attempts = 0;
    let transactions = 0;
    const counted = createAccountDeletion({
      ...database,
      transact(work) {
        transactions++;
        return database.transact((transaction) => {
          attempts++;
          return work(transaction);
        });
      },
    });
    let deletion: Promise<number> | undefined;
    const work = vi.fn<(transaction: Statements) => Promise<void>>(async (transaction) => {
      await transaction.select(`select 1 from ${table} where ${key} for update`, { userId, bob });
      if (!deletion) {
        deletion = counted.continueDeletions(10);
        await waitForLock();
      }
      await transaction.execute(`delete from ${table} where ${key}`, { userId, bob });
    });
    await otherDatabase.transact(work);
    expect(await deletion).toBe(1);
    expect(attempts).toBe(transactions);
    expect(work).toHaveBeenCalledTimes(1);
  },
);

/** Waits until a statement of another connection waits for a row: it runs unchanged from one poll to the next. */
async function waitForLock(): Promise<void> {
  let previous = '';
  await waitFor('a statement that waits', async () => {
    const statements = await database.select(
      `select id, info
       from information_schema.processlist
       where db = database() and info is not null and id <> connection_id()`,
    );
    const isWaiting = statements.length > 0 && JSON.stringify(statements) === previous;
    previous = JSON.stringify(statements);
    return isWaiting;
  });
}

test('posts, follows and unfollows during deletions neither fail nor leave wrong counts', async () => {
  const dan = await createUser('dan');
  for (let round = 0; round < 5; round++) {
    const gone = await createUser(`gone ${round}`);
    await followers.follow(dan, gone);
    await followers.follow(gone, dan);
    for (let index = 0; index < 5; index++) await messages.createMessage(gone, 'a message');
    await accountDeletion.startDeletion(gone, source);
    const ignoreRefusal = (error: Error & { code?: string }) => {
      expect(['not_found', 'unauthenticated', 'conflict']).toContain(error.code);
    };
    await Promise.all([
      here.accountDeletion.continueDeletions(10),
      there.accountDeletion.continueDeletions(10),
      ...[here, there].flatMap((each) => [
        each.messages.createMessage(dan, 'a message'),
        each.followers.unfollow(dan, gone),
        each.followers.follow(dan, gone).catch(ignoreRefusal),
        each.followers.follow(bob, gone).catch(ignoreRefusal),
        each.followers.unfollow(gone, dan),
        each.messages.createMessage(gone, 'late').catch(ignoreRefusal),
      ]),
    ]);
    await accountDeletion.continueDeletions(10);
    expect(await listTablesWith(gone)).toEqual([]);
    expect(await countsOf('dan')).toEqual({ followers: 0, following: 0 });
  }
});

test('a transaction deletes a bounded number of rows', async () => {
  const eve = await createUser('eve');
  const total = 3 * STEP_ROWS + 1;
  await database.execute('insert into message (author_id, text, pub_date) values :rows', {
    rows: Array.from({ length: total }, () => [eve, 'spam', 0]),
  });
  await accountDeletion.startDeletion(eve, source);
  const deleted: number[] = [];
  const counting: Database = {
    ...database,
    transact: (work) =>
      database.transact((transaction) =>
        work({
          select: transaction.select.bind(transaction),
          async execute(sql, parameters) {
            const result = await transaction.execute(sql, parameters);
            if (sql.includes('from message')) deleted.push(result.affectedRows);
            return result;
          },
        }),
      ),
  };
  expect(await createAccountDeletion(counting).continueDeletions(10)).toBe(1);
  expect(deleted).toEqual([STEP_ROWS, STEP_ROWS, STEP_ROWS, 1]);
});

test('deletes rows that a request inserts after their steps, with the next call', async () => {
  const fay = await createUserWithRows('fay');
  await accountDeletion.startDeletion(fay, source);
  const late = callBeforeSelect('select username', () => insertRows(fay, 'fay'));
  expect(await createAccountDeletion(late).continueDeletions(10)).toBe(0);
  expect(await listTablesWith(fay)).toContain('block');
  expect(await accountDeletion.continueDeletions(10)).toBe(1);
  expect(await listTablesWith(fay)).toEqual([]);
});

// A foreign key makes the deletion wait for the message.
test.runIf(inject('hasForeignKeys') === false)(
  'a message that is inserted before the deletion of its author ends is not stored',
  async () => {
    const guy = await createUser('guy');
    const drafts = callBeforeSelect('select message_id', async () => {
      await there.accountDeletion.startDeletion(guy, source);
      expect(await there.accountDeletion.continueDeletions(10)).toBe(1);
    });
    const posted = createMessages(drafts);
    const posts = await Promise.allSettled(
      [1, 2].map((n) => posted.createMessage(guy, `late ${n}`)),
    );
    const refused = { status: 'rejected', reason: { code: 'unauthenticated' } };
    expect(posts).toMatchObject([refused, refused]);
    expect(await listTablesWith(guy)).toEqual([]);
  },
);

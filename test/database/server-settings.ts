import { randomBytes } from 'node:crypto';
import { expect, onTestFinished } from 'vitest';
import type { DatabaseConfig } from '../../src/config/config.ts';
import { openDatabase } from '../../src/database/database.ts';
import { migrateSchema } from '../../src/database/schema.ts';
import { createRepositories, type Repositories } from '../../src/repositories/repositories.ts';
import { copyDatabase } from '../../src/warehouse/copy/copy-database.ts';
import { runSql } from '../support/database.ts';
import type { MiniTwit, Visitor } from '../support/minitwit.ts';
import { HANG_MS } from '../support/timeouts.ts';
import type { Logins } from '../support/temporary-mariadb.ts';

/** A global variable of a server, and a value that changes the meaning of statements. */
export type Setting = [variable: string, value: string];

/** Options of a server whose character set lacks most characters. */
export const SERVER_OPTIONS = [
  '--character-set-server=latin1',
  '--collation-server=latin1_swedish_ci',
];

/** An option of MariaDB that ignores the character set of the handshake. */
export const NO_HANDSHAKE = '--skip-character-set-client-handshake';

/** Settings of both MySQL and MariaDB. */
export const SETTINGS: Setting[] = [
  ['autocommit', '0'],
  ['completion_type', "'CHAIN'"],
  ['completion_type', "'RELEASE'"],
  ['sql_mode', "''"],
  ['sql_mode', "'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT,IGNORE_SPACE'"],
  ['init_connect', "'set names latin1'"],
  ['init_connect', "'set names utf8mb3'"],
  ['init_connect', "'set timestamp = 1000000000'"],
  ['init_connect', "'set sql_safe_updates = 1'"],
  ['sql_select_limit', '1'],
  ['max_join_size', '1'],
  ['foreign_key_checks', '0'],
  ['unique_checks', '0'],
  ['auto_increment_increment', '7'],
  ['group_concat_max_len', '4'],
  ['time_zone', "'+09:30'"],
  ['innodb_lock_wait_timeout', '1'],
  ['lock_wait_timeout', '1'],
  ['wait_timeout', '1'],
  ['div_precision_increment', '0'],
];

/** Settings of MySQL. */
export const MYSQL_SETTINGS: Setting[] = [
  ['transaction_isolation', "'READ-UNCOMMITTED'"],
  ['transaction_isolation', "'SERIALIZABLE'"],
  ['transaction_read_only', '1'],
  ['max_execution_time', '1'],
  ['sql_require_primary_key', '1'],
];

/** Settings of MariaDB. */
export const MARIADB_SETTINGS: Setting[] = [
  ['tx_isolation', "'READ-UNCOMMITTED'"],
  ['tx_isolation', "'SERIALIZABLE'"],
  ['tx_read_only', '1'],
  ['sql_mode', "'ORACLE'"],
  ['sql_mode', "'EMPTY_STRING_IS_NULL,SIMULTANEOUS_ASSIGNMENT'"],
  ['max_statement_time', '0.001'],
  ['innodb_snapshot_isolation', '1'],
  ['default_regex_flags', "'EXTENDED'"],
];

/** Uses every feature of MiniTwit on a server while one of its global variables has a value. */
export async function expectFeaturesWork(
  minitwit: Pick<MiniTwit, 'anotherInstance' | 'visitor'>,
  server: Logins,
  setting: Setting,
): Promise<void> {
  await withSetting(server.administrator, setting, async () => {
    const config = await createMiniTwitDatabase(server.config);
    await expectMiniTwitWorks(minitwit, config);
    await expectUpdateWorks(config);
    await expectWarehouseWorks(config);
  });
}

/** Calls `work` while a global variable of the server has a value. */
async function withSetting(
  administrator: DatabaseConfig,
  [variable, value]: Setting,
  work: () => Promise<void>,
): Promise<void> {
  await runSql(administrator, `set global ${variable} = ${value}`);
  try {
    await work();
  } finally {
    await runSql(administrator, `set global ${variable} = default`);
  }
}

/** Creates a database with MiniTwit's tables as `initdb --if-missing` does, for one test. */
async function createMiniTwitDatabase(config: DatabaseConfig): Promise<DatabaseConfig> {
  const name = `minitwit_${randomBytes(6).toString('hex')}`;
  await runSql(config, `create database ${name} character set utf8mb4`);
  onTestFinished(() => runSql(config, `drop database ${name}`));
  const own = { ...config, name, poolSize: 3 };
  expect(await migrateSchema(own, { waitMaxMs: HANG_MS })).toMatchObject({ isNew: true });
  return own;
}

const TEXT = String.raw`Grüße, 日本語 👩🏽‍🚀 \' "quoted" <b>`;

/** Registers, logs in, posts, follows, deletes and logs out on one instance, and expects the results on another one. */
async function expectMiniTwitWorks(
  { anotherInstance, visitor }: Pick<MiniTwit, 'anotherInstance' | 'visitor'>,
  config: DatabaseConfig,
): Promise<void> {
  const here = anotherInstance(config);
  const alice = visitor(here);
  const bob = visitor(here);
  const otherVisitor = visitor(anotherInstance(config));
  const read = async (reader: Visitor, path: string) => (await reader.get(path)).text;

  for (const [name, author] of Object.entries({ alice, bob })) {
    expect((await author.register(name, 'a password')).text).toContain('successfully registered');
    expect((await otherVisitor.register(name, 'a password')).text).toContain('already taken');
    expect((await author.login(name, 'a password')).text).toContain('You were logged in');
  }
  await expectPosts(alice, () => read(otherVisitor, '/public'));
  await expectIsolation(config);
  await expectFollows(bob, (path) => read(bob, path));
  await expectDeletes(alice, () => read(otherVisitor, '/alice'));
  expect((await otherVisitor.login('alice', 'a wrong one')).text).toContain('Invalid password');
  expect((await alice.logout()).text).toContain('You were logged out');
  await withRepositories(config, async ({ messages, sessions }) => {
    expect(await sessions.countSessions(Math.floor(Date.now() / 1000))).toBe(1);
    await expect(messages.createMessage(999_999, 'without an author')).rejects.toMatchObject({
      code: 'unauthenticated',
    });
  });
}

/** Expects that reads see no uncommitted rows, and that they do not block writes. */
async function expectIsolation(config: DatabaseConfig): Promise<void> {
  const [writer, other] = [openDatabase(config), openDatabase(config)];
  const sql = "select email from user where username = 'alice'";
  await writer.transact(async (transaction) => {
    const before = await transaction.select(sql);
    await other.execute("update user set email = 'other@b' where username = 'bob'");
    await transaction.execute("update user set email = 'alice@b' where username = 'alice'");
    expect(await other.select(sql)).toEqual(before);
  });
  expect(await other.select(sql)).toEqual([{ email: 'alice@b' }]);
  expect(await other.select('select hour(from_unixtime(0)) as hour')).toEqual([{ hour: 0 }]);
  await Promise.all([writer.end(), other.end()]);
}

async function withRepositories(
  config: DatabaseConfig,
  work: (repositories: Repositories) => Promise<void>,
): Promise<void> {
  const database = openDatabase(config);
  try {
    await work(createRepositories(database));
  } finally {
    await database.end();
  }
}

async function expectPosts(alice: Visitor, readPublic: () => Promise<string>): Promise<void> {
  expect((await alice.addMessage(TEXT)).text).toContain('Your message was recorded');
  expect(unescapeHtml(await readPublic())).toContain(TEXT);
  const texts = Array.from({ length: 6 }, (_, index) => `one of several ${index}`);
  await Promise.all(texts.map((text) => alice.addMessage(text)));
  const page = await readPublic();
  for (const text of texts) expect(page).toContain(text);
  // The time of a message is the server's clock, not a constant of the session.
  const [, posted = ''] = /<time datetime="([^"]+)"/.exec(page) ?? [];
  expect(Math.abs(Date.now() - Date.parse(posted))).toBeLessThan(HANG_MS);
}

/** Decodes the character references of a page. */
function unescapeHtml(html: string): string {
  return html
    .replaceAll(/&#(\d+);/g, (_entity, code: string) => String.fromCodePoint(Number(code)))
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>');
}

async function expectFollows(bob: Visitor, read: (path: string) => Promise<string>): Promise<void> {
  expect(await read('/')).not.toContain('one of several');
  await bob.post('/alice/follow');
  await bob.post('/alice/follow');
  expect(await read('/')).toContain('one of several');
  await bob.post('/alice/unfollow');
  expect(await read('/')).not.toContain('one of several');
}

async function expectDeletes(alice: Visitor, readAlice: () => Promise<string>): Promise<void> {
  const count = async () => (await readAlice()).split('one of several').length;
  const before = await count();
  const [, path = ''] =
    /href="(\/delete_message\/\d+)"/.exec((await alice.get('/alice')).text) ?? [];
  expect((await alice.post(path)).text).toContain('Your message was deleted');
  expect(await count()).toBe(before - 1);
}

/** Adds the profile of a user of an older version, as `initdb --if-missing` does. */
async function expectUpdateWorks(config: DatabaseConfig): Promise<void> {
  const name = `old ${randomBytes(4).toString('hex')}`;
  await runSql(
    config,
    `insert into user (username, email, pw_hash) values ('${name}', 'a@b', 'x')`,
    ...Array.from(
      { length: 40 },
      () => `insert into message (author_id, text, pub_date)
        select user_id, 'old', 1 from user where username = '${name}'`,
    ),
  );
  const update = () => migrateSchema(config, { waitMaxMs: HANG_MS });
  expect(await update()).toEqual({ isNew: false, migrations: [], profiles: 1, names: 1 });
  expect(await update()).toEqual({ isNew: false, migrations: [], profiles: 0, names: 0 });
  await withRepositories(config, async ({ profiles }) => {
    expect((await profiles.findProfile(name))?.newestIds).toHaveLength(31);
  });
}

/** Copies the database into a warehouse on the same server. */
async function expectWarehouseWorks(config: DatabaseConfig): Promise<void> {
  const name = `${config.name}_copy`;
  await runSql(config, `create database ${name} character set utf8mb4`);
  onTestFinished(() => runSql(config, `drop database ${name}`));
  const warehouse = { ...config, name };
  await migrateSchema(warehouse, { waitMaxMs: HANG_MS });
  const copy = await copyDatabase(config, warehouse, {
    withCredentials: true,
    maxRowsPerSecond: null,
    onProgress: () => undefined,
    signal: new AbortController().signal,
  });
  const rows = Object.fromEntries(copy.tables.map((table) => [table.table, table.rows]));
  // Alice wrote 7 messages and deleted one; an old user wrote 40.
  expect(rows).toEqual({ user: 3, message: 46, follower: 0 });
}

import { tmpdir } from 'node:os';
import type { DuckDBConnection } from '@duckdb/node-api';
import { withDuckdb } from '../../../src/warehouse/duckdb/with-duckdb.ts';

/** The rows of the tables that the statistics read, in the order of their keys. Times are in seconds since 1970. */
export interface Tables {
  users: { username: string; registeredAt?: number }[];
  messages: { authorId: number; text?: string; pubDate: number }[];
  follows: [whoId: number, whomId: number][];
  /** The follows at the previous run. */
  followsBefore?: [whoId: number, whomId: number][];
}

/** When the sample was copied: a Wednesday, at noon. */
export const AS_OF_S = at('2026-11-25 12:00:00');

/** Five users, of whom two have not posted. Mondays are 10-05 and 11-16. */
export const SAMPLE: Tables = {
  users: ['alice', 'bob', 'carol', 'dave', 'eve'].map((username) => ({ username })),
  messages: [
    // Tuesday, 5 characters.
    { authorId: 1, pubDate: at('2026-10-06 10:00:00'), text: 'hello' },
    // 9 characters.
    { authorId: 1, pubDate: at('2026-10-06 10:59:59'), text: '@bob come' },
    // Tuesday, 25 characters.
    { authorId: 3, pubDate: at('2026-11-10 23:59:59'), text: 'See https://example.com/a' },
    // Monday, 24 characters, without a mention.
    { authorId: 2, pubDate: at('2026-11-16 00:00:00'), text: 'Write to bob@example.com' },
    { authorId: 1, pubDate: at('2026-11-16 00:30:00'), text: 'ä'.repeat(20) },
    // Wednesday.
    { authorId: 3, pubDate: at('2026-11-25 08:00:00'), text: 'x'.repeat(280) },
  ],
  // Alice has 3 followers, Bob 1, Carol 1, Dave and Eve none.
  follows: [
    [1, 2],
    [2, 1],
    [3, 1],
    [4, 1],
    [4, 3],
  ],
  // Alice and Bob had one follower each.
  followsBefore: [
    [1, 2],
    [2, 1],
  ],
};

/** Returns a time such as `2026-11-25 12:00:00` in UTC as seconds since 1970. */
export function at(time: string): number {
  return Date.parse(`${time.replace(' ', 'T')}Z`) / 1000;
}

/** Calls `work` with a DuckDB that has these tables. The ids of users and messages count from 1. */
export function withTables<T>(
  { users, messages, follows, followsBefore }: Tables,
  work: (duckdb: DuckDBConnection) => Promise<T>,
): Promise<T> {
  return withDuckdb(tmpdir(), async (duckdb) => {
    const fill = async (table: string, columns: string, rows: (bigint | string | null)[][]) => {
      await duckdb.run(`create table ${table} (${columns})`);
      await append(duckdb, table, rows);
    };
    await fill(
      '"user"',
      'user_id bigint, username varchar, registered_at bigint',
      users.map(({ username, registeredAt }, index) => [
        BigInt(index + 1),
        username,
        registeredAt === undefined ? null : BigInt(registeredAt),
      ]),
    );
    await fill(
      'message',
      'message_id bigint, author_id bigint, text varchar, pub_date bigint',
      messages.map(({ authorId, text = '', pubDate }, index) => [
        BigInt(index + 1),
        BigInt(authorId),
        text,
        BigInt(pubDate),
      ]),
    );
    const pairs = (each: [number, number][]) => each.map((pair) => pair.map(BigInt));
    await fill('follower', 'who_id bigint, whom_id bigint', pairs(follows));
    if (followsBefore) {
      await duckdb.run('create schema before');
      await fill('before.follower', 'who_id bigint, whom_id bigint', pairs(followsBefore));
    }
    return work(duckdb);
  });
}

async function append(
  duckdb: DuckDBConnection,
  table: string,
  rows: (bigint | string | null)[][],
): Promise<void> {
  const [schema, name] = table.includes('.') ? table.split('.') : ['main', table];
  const appender = await duckdb.createAppender(name?.replaceAll('"', '') ?? '', schema);
  for (const row of rows) {
    for (const value of row) {
      if (value === null) appender.appendNull();
      else if (typeof value === 'string') appender.appendVarchar(value);
      else appender.appendBigInt(value);
    }
    appender.endRow();
  }
  appender.closeSync();
}

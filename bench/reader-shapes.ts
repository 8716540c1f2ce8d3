import { PAGE_QUERY_LIMIT } from '../src/repositories/page.ts';

/** Asks the database, by `query` or by `execute`; lists can be asked by `query` alone. */
export type Ask = <Row>(
  sql: string,
  parameters: Record<string, number | number[]>,
  options?: { hasList: boolean },
) => Promise<Row[]>;

/** A way to find the newest messages of those whom a reader follows, and of the reader. */
export interface Shape {
  name: string;
  /** A page of ids and one more, newest first. */
  read: (ask: Ask, readerId: number) => Promise<number[]>;
}

const LIMIT = PAGE_QUERY_LIMIT;

interface Newest {
  authorId: number;
  newestId: number | null;
}

interface Id {
  messageId: number;
}

/** The ways that were tried. Each reads which authors those are by itself. */
export const SHAPES: Shape[] = [
  {
    name: 'MiniTwit’s own, but by id and with our indexes',
    read: async (ask, readerId) =>
      idsOf(
        await ask<Id>(
          `select message_id as messageId
         from message
         where author_id = :readerId
           or author_id in (select whom_id from follower where who_id = :readerId)
         order by message_id desc
         limit :limit`,
          { readerId, limit: LIMIT },
        ),
      ),
  },
  {
    name: 'The index once for each author',
    read: async (ask, readerId) =>
      idsOf(
        await ask<Id>(
          `select message.message_id as messageId
         from (
           select whom_id as author_id from follower where who_id = :readerId
           union all
           select :readerId
         ) as author
         straight_join message on message.author_id = author.author_id
         order by message.message_id desc
         limit :limit`,
          { readerId, limit: LIMIT },
        ),
      ),
  },
  {
    name: 'Each author’s newest by a dependent subquery, then what is as new',
    read: async (ask, readerId) => {
      const authors = await ask<Newest>(
        `select whom_id as authorId, (
         select message_id
         from message
         where author_id = follower.whom_id
         order by author_id desc, message_id desc
         limit 1
       ) as newestId
       from follower
       where who_id = :readerId
       union all
       select :readerId, (
         select message_id
         from message
         where author_id = :readerId
         order by message_id desc
         limit 1
       )`,
        { readerId },
      );
      return readAsNew(ask, authors);
    },
  },
  {
    name: 'Each author’s newest by a loose index scan, then what is as new',
    read: async (ask, readerId) => {
      const followed = await ask<{ authorId: number }>(
        'select whom_id as authorId from follower where who_id = :readerId',
        { readerId },
      );
      const authorIds = [readerId, ...followed.map(({ authorId }) => authorId)];
      const authors = await ask<Newest>(
        `select author_id as authorId, max(message_id) as newestId
       from message
       where author_id in (:authorIds)
       group by author_id`,
        { authorIds },
        { hasList: true },
      );
      return readAsNew(ask, authors);
    },
  },
  {
    name: 'A column with each author’s newest, then what is as new',
    read: async (ask, readerId) => {
      const authors = await ask<Newest>(
        `select profile.user_id as authorId, profile.newest_id as newestId
       from (
         select whom_id as author_id from follower where who_id = :readerId
         union all
         select :readerId
       ) as author
       join profile on profile.user_id = author.author_id
       where profile.newest_id > 0`,
        { readerId },
      );
      return readAsNew(ask, authors);
    },
  },
  {
    name: 'A list of each author’s newest (profile)',
    read: async (ask, readerId) =>
      merge(
        await ask<{ newestIds: string }>(
          `select profile.newest_ids as newestIds
         from (
           select whom_id as author_id from follower where who_id = :readerId
           union all
           select :readerId
         ) as author
         join profile on profile.user_id = author.author_id
         where profile.newest_id > 0
         order by profile.newest_id desc
         limit :limit`,
          { readerId, limit: LIMIT },
        ),
      ),
  },
];

/** Reads the newest of those who wrote last: none is older than the oldest of their newest. */
async function readAsNew(ask: Ask, authors: Newest[]): Promise<number[]> {
  const last = authors
    .flatMap(({ authorId, newestId }) => (newestId === null ? [] : [{ authorId, newestId }]))
    .toSorted((a, b) => b.newestId - a.newestId)
    .slice(0, LIMIT);
  if (last.length === 0) return [];
  const bound = last.length === LIMIT ? (last.at(-1)?.newestId ?? 0) : 0;
  return idsOf(
    await ask<Id>(
      `select message_id as messageId
       from message
       where author_id in (:authorIds) and message_id >= :bound
       order by message_id desc
       limit :limit`,
      { authorIds: last.map(({ authorId }) => authorId), bound, limit: LIMIT },
      { hasList: true },
    ),
  );
}

function idsOf(rows: Id[]): number[] {
  return rows.map(({ messageId }) => messageId);
}

function merge(rows: { newestIds: string }[]): number[] {
  // each list has one that is as new as this: most are read no further than their first
  const bound =
    rows.length === LIMIT
      ? Math.min(...rows.map(({ newestIds }) => Number.parseInt(newestIds)))
      : 0;
  const ids: number[] = [];
  for (const { newestIds } of rows) {
    for (const id of newestIds.split(',')) {
      if (Number(id) < bound) break;
      ids.push(Number(id));
    }
  }
  return ids.toSorted((a, b) => b - a).slice(0, LIMIT);
}

import { batchWrites } from '../database/batches.ts';
import type { Database } from '../database/database.ts';
import type { Statements } from '../database/statements.ts';

/** A limit of one key, such as the failed logins from one address. */
export interface Counter {
  /** The primary key of its row, in ASCII. */
  key: string;
  /** How many events are allowed in a window, which starts with its first event. */
  points: number;
  windowMs: number;
}

/** What came of an event that several counters count. */
export interface CountResult<C extends Counter> {
  /** The counter that allows no more, and when its window ends; null if all of them counted the event. */
  refusal: { counter: C; waitMs: number } | null;
  /** The counters whose last point this event took. */
  exhausted: C[];
  /** Undoes the counting, in the windows in which it was counted. */
  refund: () => Promise<void>;
}

/** The table `rate_limit`: what all instances count together. */
export interface RateLimitCounters<C extends Counter> {
  /**
   * Counts an event at each of the counters, or at none if one of them allows no more. Events at the same
   * time are counted one after the other, at all instances together: no more pass than a counter allows.
   */
  count(counters: C[]): Promise<CountResult<C>>;
  /** Deletes up to `limit` rows whose windows ended by `nowMs`; returns how many. */
  deleteExpired(nowMs: number, limit: number): Promise<number>;
}

interface Row {
  key: string;
  points: number;
  expiresMs: number;
}

type Allocation<C extends Counter> = Omit<CountResult<C>, 'refund'>;

/** Creates the counters of this database. */
export function createRateLimitCounters<C extends Counter>(
  database: Database,
): RateLimitCounters<C> {
  const countEvent = batchWrites((events: C[][]) => countEvents(database, events));
  return {
    count: countEvent,

    async deleteExpired(nowMs, limit) {
      const { affectedRows } = await database.execute(
        `delete from rate_limit
         where expire <= :nowMs
         limit :limit`,
        { nowMs, limit },
      );
      return affectedRows;
    },
  };
}

async function countEvents<C extends Counter>(
  database: Database,
  events: C[][],
): Promise<CountResult<C>[]> {
  const nowMs = Date.now();
  // Refused clients are many and retry: a read is cheaper than a transaction.
  const found = allocate(events, await listRows(database, events.flat()), nowMs);
  const open = events.filter((_, index) => found[index]?.refusal === null);
  const counted = open.length > 0 ? await countOpen(database, open, nowMs) : [];
  const results = counted.values();
  return found.map((allocation) =>
    allocation.refusal
      ? { ...allocation, refund: () => Promise.resolve() }
      : (results.next().value as CountResult<C>),
  );
}

/** Counts all events, then takes back those that another instance left no room for. */
function countOpen<C extends Counter>(
  database: Database,
  events: C[][],
  nowMs: number,
): Promise<CountResult<C>[]> {
  const added = new Map<string, Row>();
  for (const { key, windowMs } of events.flat()) {
    const row = added.get(key) ?? { key, points: 0, expiresMs: nowMs + windowMs };
    added.set(key, { ...row, points: row.points + 1 });
  }
  return database.transact(async (transaction) => {
    await addPoints(transaction, Array.from(added.values()), nowMs);
    const rows = await listRows(transaction, events.flat());
    for (const row of rows.values()) row.points -= added.get(row.key)?.points ?? 0;
    const results = allocate(events, rows, nowMs);
    if (results.some(({ refusal }) => refusal)) await setPoints(transaction, rows);
    return results.map((result, index) => {
      const counted = result.refusal
        ? []
        : (events[index] ?? []).flatMap(({ key }) => rows.get(key) ?? []);
      return { ...result, refund: () => subtract(database, counted) };
    });
  });
}

/** Gives each event its points in turn, in `rows`, until a counter has none left. */
function allocate<C extends Counter>(
  events: C[][],
  rows: Map<string, Row>,
  nowMs: number,
): Allocation<C>[] {
  const rowOf = ({ key, windowMs }: C): Row => {
    const row = rows.get(key);
    if (row && row.expiresMs > nowMs) return row;
    const fresh = { key, points: 0, expiresMs: nowMs + windowMs };
    rows.set(key, fresh);
    return fresh;
  };
  return events.map((counters) => {
    const full = counters.find((counter) => rowOf(counter).points >= counter.points);
    if (full) {
      const waitMs = rowOf(full).expiresMs - nowMs;
      return { refusal: { counter: full, waitMs }, exhausted: [] };
    }
    const exhausted = counters.filter((counter) => ++rowOf(counter).points === counter.points);
    return { refusal: null, exhausted };
  });
}

async function listRows(database: Statements, counters: Counter[]): Promise<Map<string, Row>> {
  const rows = await database.select<Row>(
    `select rate_limit.key, points, expire as expiresMs
     from rate_limit force index (primary)
     where rate_limit.key in (:keys) and :isPrimary`,
    { keys: Array.from(new Set(counters.map(({ key }) => key))) },
  );
  return new Map(rows.map((row) => [row.key, row]));
}

/** Adds points, in a new window where the last one has ended, and locks the rows until the transaction ends. */
async function addPoints(transaction: Statements, added: Row[], nowMs: number): Promise<void> {
  // In the order of the key, so that no two instances wait for each other.
  const rows = added
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ key, points, expiresMs }) => [key, points, expiresMs]);
  await transaction.execute(
    `insert into rate_limit (rate_limit.key, points, expire)
     values :rows
     on duplicate key update
       points = if(expire <= :nowMs, values(points), points + values(points)),
       expire = if(expire <= :nowMs, values(expire), expire)`,
    { rows, nowMs },
  );
}

/** Sets the points of rows that the transaction has locked. */
async function setPoints(transaction: Statements, rows: Map<string, Row>): Promise<void> {
  await transaction.execute(
    `insert into rate_limit (rate_limit.key, points, expire)
     values :rows
     on duplicate key update points = values(points)`,
    {
      rows: Array.from(rows.values(), ({ key, points, expiresMs }) => [key, points, expiresMs]),
    },
  );
}

/** Takes one point from each of these rows, unless a new window has begun there. */
async function subtract(database: Statements, rows: Row[]): Promise<void> {
  if (rows.length === 0) return;
  await database.execute(
    `update rate_limit
     set points = points - 1
     where rate_limit.key in (:keys) and expire in (:windows) and points > 0`,
    { keys: rows.map(({ key }) => key), windows: rows.map(({ expiresMs }) => expiresMs) },
  );
}

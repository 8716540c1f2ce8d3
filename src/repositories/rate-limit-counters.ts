import { batchWrites } from '../database/batches.ts';
import type { Database } from '../database/database.ts';
import type { ReadStatements, Statements } from '../database/statements.ts';
import type { Counter, CountResult, RateLimitCounters } from '../limits/counters.ts';

interface Row {
  key: string;
  points: number;
  expiresMs: number;
}

type Allocation = Omit<CountResult<Counter>, 'refund'>;

/** The counters in the table `rate_limit`. */
export interface TableCounters extends RateLimitCounters {
  /**
   * Deletes up to `limit` rows whose windows have ended by `nowMs`, also those from a time before LIMITS_STORE was set.
   * Returns their number.
   */
  deleteExpired(nowMs: number, limit: number): Promise<number>;
}

/** Creates the counters in the table `rate_limit` of a database. */
export function createRateLimitCounters(database: Database): TableCounters {
  const countEvent = batchWrites((events: Counter[][]) => countEvents(database, events));
  return {
    // The counters in a result are those of its event.
    count: async <C extends Counter>(counters: C[]) =>
      (await countEvent(counters)) as CountResult<C>,

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

async function countEvents(
  database: Database,
  events: Counter[][],
): Promise<CountResult<Counter>[]> {
  const nowMs = Date.now();
  // Most events of an attack are refused, and a read is cheaper than a transaction.
  const found = allocate(events, await listRows(database.writer, events.flat()), nowMs);
  const open = events.filter((_, index) => found[index]?.refusal === null);
  const counted = open.length > 0 ? await countOpen(database, open, nowMs) : [];
  const results = counted.values();
  return found.map((allocation) =>
    allocation.refusal
      ? { ...allocation, refund: () => Promise.resolve() }
      : (results.next().value as CountResult<Counter>),
  );
}

/** Counts all events, then takes those back for which another instance has left no point. */
function countOpen(
  database: Database,
  events: Counter[][],
  nowMs: number,
): Promise<CountResult<Counter>[]> {
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

/**
 * Adds the points of each event to `rows`, in the order of the events. An event is refused if a counter has no point
 * left.
 */
function allocate(events: Counter[][], rows: Map<string, Row>, nowMs: number): Allocation[] {
  const findOrCreateRow = ({ key, windowMs }: Counter): Row => {
    const row = rows.get(key);
    if (row && row.expiresMs > nowMs) return row;
    const fresh = { key, points: 0, expiresMs: nowMs + windowMs };
    rows.set(key, fresh);
    return fresh;
  };
  return events.map((counters) => {
    const full = counters.find((counter) => findOrCreateRow(counter).points >= counter.points);
    if (full) {
      const waitMs = findOrCreateRow(full).expiresMs - nowMs;
      return { refusal: { counter: full, waitMs }, exhausted: [] };
    }
    const exhausted = counters.filter(
      (counter) => ++findOrCreateRow(counter).points === counter.points,
    );
    return { refusal: null, exhausted };
  });
}

async function listRows(
  statements: ReadStatements,
  counters: Counter[],
): Promise<Map<string, Row>> {
  const rows = await statements.select<Row>(
    `select rate_limit.key, points, expire as expiresMs
     from rate_limit force index (primary)
     where rate_limit.key in (:keys) and :isPrimary`,
    { keys: Array.from(new Set(counters.map(({ key }) => key))) },
  );
  return new Map(rows.map((row) => [row.key, row]));
}

/** Adds points, and starts a new window if the last one has ended. Locks the rows until the end of the transaction. */
async function addPoints(transaction: Statements, added: Row[], nowMs: number): Promise<void> {
  // Rows are locked in the order of the key, so that two instances cannot deadlock.
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

/** Subtracts one point from each row, unless a new window has begun. */
async function subtract(database: Statements, rows: Row[]): Promise<void> {
  if (rows.length === 0) return;
  await database.execute(
    `update rate_limit
     set points = points - 1
     where rate_limit.key in (:keys) and expire in (:windows) and points > 0`,
    { keys: rows.map(({ key }) => key), windows: rows.map(({ expiresMs }) => expiresMs) },
  );
}

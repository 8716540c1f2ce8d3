import type { QueryError } from 'mysql2';
import { OperatorError } from '../../errors/operator-error.ts';
import type { RangeOutcome } from './copied-table.ts';
import { type Comparison, type Differences, findDifferences } from './differences.ts';
import { type CopyEndpoint, EndpointError } from './endpoint.ts';
import { insertBatch } from './insert-batch.ts';
import { keysOfRange } from './keys.ts';
import { type LedgerEntry, writeLedger } from './ledger.ts';
import { deleteRows, readRange, readRows } from './queries.ts';
import {
  type RangeReader,
  type RangeState,
  sliceRange,
  type Sum,
  sumState,
} from './range-states.ts';
import { bindKeys, formatKey } from './row-keys.ts';

// A statement of the source reads so many rows, so that two ranges alternate on its connection.
const SLICE_ROWS = 20_000;
const LIMITED_BATCH_ROWS = 1000;
// ER_LOCK_WAIT_TIMEOUT and ER_LOCK_DEADLOCK.
const LOCK_FAILURES = new Set([1205, 1213]);

/** The options of the copy of a range. The source is in a transaction with a consistent snapshot. */
export interface RangeCopyOptions extends Comparison {
  /** The readers of the two databases. */
  theirs: RangeReader;
  ours: RangeReader;
  /** The most rows a second that are read from the source. Null for no limit. */
  maxRowsPerSecond: number | null;
  /** The source's time at the snapshot, in seconds since 1970. */
  asOfS: number;
  /** Called with the number of rows of each batch that was sent. */
  onSent: (rows: number) => void;
}

/** A range, and what was read of it in the two databases. */
export interface ComparedRange {
  number: number;
  theirs: RangeState;
  ours: RangeState;
}

/**
 * Compares a range, and sends the rows that differ. One transaction of the warehouse has these changes and the ledger's
 * entry. Before its commit, the checksums are compared again.
 * @throws OperatorError if a database fails, or if the range differs after it was sent
 */
export async function copyRange(
  copying: RangeCopyOptions,
  { number, theirs, ours }: ComparedRange,
): Promise<RangeOutcome> {
  const sum = await ensureSum(copying.theirs, number, theirs);
  if (ours.total === 0) return store(copying, number, sum, () => append(copying, number, sum));
  const before = await ensureSum(copying.ours, number, ours);
  if (isSame(sum, before)) {
    const entry = toEntry(copying, number, sum);
    return { entry, sent: 0, deleted: 0, isProved: true, isRecorded: false };
  }
  const differences = await findDifferences(copying, keysOfRange(copying.table, number));
  return store(copying, number, sum, () => update(copying, differences));
}

/** Sums a range that was only counted. */
async function ensureSum(
  reader: RangeReader,
  number: number,
  { total, checksum }: RangeState,
): Promise<Sum> {
  return checksum === null ? sumState(reader, number) : { total, checksum };
}

type Changes = Pick<RangeOutcome, 'sent' | 'deleted'>;

/**
 * Changes a range in a transaction. It is committed if the range then has the sum. If a lock is not available, it begins
 * again once: while the server rolls back an interrupted copy, it passes on locks, so that two ranges may wait for each
 * other, or for the rows that the source still sends to the other one.
 */
async function store(...storing: Parameters<typeof storeOnce>): Promise<RangeOutcome> {
  try {
    return await storeOnce(...storing);
  } catch (error) {
    if (!isLockFailure(error)) throw error;
    const [{ warehouse }] = storing;
    await warehouse.write('rollback');
    return storeOnce(...storing);
  }
}

/** Returns whether a transaction waited for a lock for too long, or lost a deadlock. */
function isLockFailure(error: unknown): boolean {
  if (!(error instanceof EndpointError)) return false;
  return LOCK_FAILURES.has((error.cause as QueryError).errno ?? 0);
}

async function storeOnce(
  copying: RangeCopyOptions,
  number: number,
  sum: Sum,
  change: () => Promise<Changes>,
): Promise<RangeOutcome> {
  const { table, warehouse } = copying;
  await warehouse.write('begin');
  const changes = await change();
  await verify(copying, number, sum);
  const entry = toEntry(copying, number, sum);
  await writeLedger(warehouse, table, [entry]);
  await warehouse.write('commit');
  return { entry, ...changes, isProved: true, isRecorded: true };
}

function toEntry(
  { asOfS }: RangeCopyOptions,
  number: number,
  { total, checksum }: Sum,
): LedgerEntry {
  return { number, rows: total, checksum, provedAtS: asOfS };
}

/** Sends all rows of a range of which the warehouse has none. */
async function append(copying: RangeCopyOptions, number: number, { total }: Sum): Promise<Changes> {
  const { table, withCredentials, maxRowsPerSecond } = copying;
  const sliceRows = Math.min(SLICE_ROWS, maxRowsPerSecond ?? SLICE_ROWS);
  let sent = 0;
  for (const slice of sliceRange(table, { number, rows: total }, sliceRows)) {
    sent += await send(copying, readRange(table, withCredentials), slice);
  }
  return { sent, deleted: 0 };
}

/** Deletes the rows that the source does not have, and sends those that the warehouse does not have. */
async function update(copying: RangeCopyOptions, differences: Differences): Promise<Changes> {
  const { table, warehouse, withCredentials } = copying;
  let [sent, deleted] = [0, 0];
  for (const some of bindKeys(differences.excess)) {
    deleted += await warehouse.write(deleteRows(table), some);
  }
  for (const some of bindKeys(differences.missing)) {
    sent += await send(copying, readRows(table, withCredentials), some);
  }
  return { sent, deleted };
}

/** Inserts the rows of a query into the warehouse. While a batch is stored, the next one is read. */
async function send(
  { table, source, warehouse, maxRowsPerSecond, throttle, onSent }: RangeCopyOptions,
  sql: string,
  values: Parameters<CopyEndpoint['readBatches']>[1],
): Promise<number> {
  const batchRows =
    maxRowsPerSecond === null ? undefined : Math.min(maxRowsPerSecond, LIMITED_BATCH_ROWS);
  let sent = 0;
  for await (const rows of source.readBatches(sql, values, batchRows)) {
    await throttle(rows.length);
    await insertBatch(warehouse, table, rows);
    sent += rows.length;
    onSent(rows.length);
  }
  return sent;
}

function isSame(theirs: Sum, ours: Sum): boolean {
  return theirs.total === ours.total && theirs.checksum === ours.checksum;
}

async function verify(copying: RangeCopyOptions, number: number, theirs: Sum): Promise<void> {
  const { table, ours: reader } = copying;
  const ours = await sumState(reader, number);
  if (isSame(theirs, ours)) return;
  const keys = keysOfRange(table, number);
  const first = findFirst(await findDifferences(copying, keys));
  const example = first === null ? '' : `, for example the row with ${formatKey(table, first)}`;
  throw new OperatorError(
    `The copy of ${table.name}, ${table.key[0]} ${keys.from} to ${keys.last}, differs from the rows that were sent${example} (${ours.total} rows of ${theirs.total}). It was rolled back.`,
  );
}

function findFirst({ missing, excess }: Differences) {
  return missing[0] ?? excess[0] ?? null;
}

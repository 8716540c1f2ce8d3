import { OperatorError } from '../../errors/operator-error.ts';
import { type Comparison, type Differences, findDifferences } from './differences.ts';
import type { CopyEndpoint, Row } from './endpoint.ts';
import { insertBatch } from './insert-batch.ts';
import { type Keys, keysOfRange, sliceKeys } from './keys.ts';
import { writeLedger } from './ledger.ts';
import type { PlannedRange } from './plan-ranges.ts';
import { deleteRows, readRange, readRows, sumRange } from './queries.ts';
import { bindKeys, formatKey } from './row-keys.ts';
import { releaseTables } from './snapshot.ts';

/** The number of some rows, with a checksum. */
export interface Sum {
  total: number;
  /** The checksum, which does not depend on the order of the rows: up to 20 digits. */
  checksum: string;
}

/**
 * The options of the copy of a range. The source is in a transaction with a consistent snapshot. `warehouse` also reads
 * the uncommitted rows of `inserters`.
 */
export interface RangeCopyOptions extends Comparison {
  /** `warehouse` and further connections to it, which insert at the same time. */
  inserters: [CopyEndpoint, ...CopyEndpoint[]];
  /** The most rows a second that are read from the source. Null for no limit. */
  maxRowsPerSecond: number | null;
  /** The source's time at the snapshot, in seconds since 1970. */
  asOfS: number;
  /** Called with the number of rows of the range that have been sent. */
  onSent: (rows: number) => void;
}

/** The number of a range, and the number of its rows in the source. */
type CountedRange = Pick<PlannedRange, 'number' | 'rows'>;

/** The changes to a range of the warehouse, and its sum on both sides afterwards. */
export interface CopiedRange {
  sent: number;
  deleted: number;
  sum: Sum;
  /** Whether the ledger has the sum. Otherwise the range was equal, and nothing was written. */
  isRecorded: boolean;
}

/**
 * Sends a range of which the warehouse has no row, in one transaction for each inserter. The checksum is compared
 * before the commits. If only some inserters commit, the next copy finds a range that differs.
 * @throws OperatorError if a database fails, or if the range differs after it was sent
 */
export async function appendRange(
  copying: RangeCopyOptions,
  { number, rows }: CountedRange,
): Promise<CopiedRange> {
  const { table, warehouse } = copying;
  const slices = sliceRange(copying, { number, rows });
  const inserters = table.unique === undefined ? copying.inserters : [warehouse];
  await Promise.all(inserters.map((side) => side.write('begin')));
  const sent = await insert(copying, inserters, readSlices(copying, slices));
  const sum = await sumSource(copying, slices);
  await verify(copying, number, sum);
  await record(copying, number, sum);
  // The ledger is committed last, with the rows of `warehouse`: it never has rows that were not committed.
  for (const side of inserters.toReversed()) await side.write('commit');
  return { sent, deleted: 0, sum, isRecorded: true };
}

/**
 * Compares a range, and sends the rows that differ again, in one transaction.
 * @throws OperatorError if a database fails, or if the range differs after it was sent
 */
export async function updateRange(
  copying: RangeCopyOptions,
  { number, rows }: CountedRange,
): Promise<CopiedRange> {
  const { table, warehouse } = copying;
  const keys = keysOfRange(table, number);
  const [sum, before] = await Promise.all([
    sumSource(copying, sliceRange(copying, { number, rows })),
    sumWarehouse(copying, keys),
  ]);
  if (isSame(sum, before)) return { sent: 0, deleted: 0, sum, isRecorded: false };
  const { missing, excess } = await findDifferences(copying, keys);
  await warehouse.write('begin');
  let deleted = 0;
  for (const some of bindKeys(excess)) deleted += await warehouse.write(deleteRows(table), some);
  // One connection inserts: the deleted rows are locked for other connections until the commit.
  const sent = await insert(copying, [warehouse], readMissing(copying, missing));
  await verify(copying, number, sum);
  await record(copying, number, sum);
  await warehouse.write('commit');
  return { sent, deleted, sum, isRecorded: true };
}

async function record(
  { table, warehouse, asOfS }: RangeCopyOptions,
  number: number,
  { total, checksum }: Sum,
): Promise<void> {
  await writeLedger(warehouse, table, [{ number, rows: total, checksum, provedAtS: asOfS }]);
}

async function sumSource(
  { table, source, withCredentials, throttle }: RangeCopyOptions,
  slices: Keys[],
): Promise<Sum> {
  const sql = sumRange(table, withCredentials);
  let total = 0;
  let checksum = 0n;
  for (const slice of slices) {
    const sum = await sumEndpoint(source, sql, slice);
    await releaseTables(source);
    await throttle(sum.total);
    total += sum.total;
    checksum ^= BigInt(sum.checksum);
  }
  return { total, checksum: String(checksum) };
}

function sumWarehouse({ table, warehouse }: RangeCopyOptions, keys: Keys): Promise<Sum> {
  return sumEndpoint(warehouse, sumRange(table, true), keys);
}

async function sumEndpoint(side: CopyEndpoint, sql: string, keys: Keys): Promise<Sum> {
  const [sum] = await side.read<Sum>(sql, keys);
  if (!sum) throw new Error('A query for a checksum returned no row.');
  return sum;
}

/** Splits a range into slices, so that a statement reads about the rows of a second. Without a limit, one is enough. */
function sliceRange(
  { table, maxRowsPerSecond }: RangeCopyOptions,
  { number, rows }: CountedRange,
): Keys[] {
  const slices = maxRowsPerSecond === null ? 1 : Math.max(1, Math.ceil(rows / maxRowsPerSecond));
  const width = Math.max(table.blockWidth, Math.ceil(table.rangeWidth / slices));
  return Array.from(sliceKeys(keysOfRange(table, number), width));
}

function isSame(theirs: Sum, ours: Sum): boolean {
  return theirs.total === ours.total && theirs.checksum === ours.checksum;
}

async function verify(copying: RangeCopyOptions, number: number, theirs: Sum): Promise<void> {
  const { table } = copying;
  const keys = keysOfRange(table, number);
  const ours = await sumWarehouse(copying, keys);
  if (isSame(theirs, ours)) return;
  const first = findFirst(await findDifferences(copying, keys));
  const example = first === null ? '' : `, for example the row with ${formatKey(table, first)}`;
  throw new OperatorError(
    `The copy of ${table.name}, ${table.key[0]} ${keys.from} to ${keys.last}, differs from the rows that were sent${example} (${ours.total} rows of ${theirs.total}). It was rolled back.`,
  );
}

function findFirst({ missing, excess }: Differences) {
  return missing[0] ?? excess[0] ?? null;
}

async function* readSlices(copying: RangeCopyOptions, slices: Keys[]): AsyncGenerator<Row[]> {
  const { table, source, withCredentials } = copying;
  for (const slice of slices) {
    yield* source.readBatches(readRange(table, withCredentials), slice, batchRows(copying));
    await releaseTables(source);
  }
}

async function* readMissing(
  copying: RangeCopyOptions,
  missing: Differences['missing'],
): AsyncGenerator<Row[]> {
  const { table, source, withCredentials } = copying;
  for (const some of bindKeys(missing)) {
    yield* source.readBatches(readRows(table, withCredentials), some, batchRows(copying));
    await releaseTables(source);
  }
}

function batchRows({ maxRowsPerSecond }: RangeCopyOptions): number | undefined {
  return maxRowsPerSecond === null ? undefined : Math.min(maxRowsPerSecond, 1000);
}

/** Inserts batches. While an inserter stores a batch, the next one is read. Returns the number of rows. */
async function insert(
  { table, throttle, onSent }: RangeCopyOptions,
  inserters: CopyEndpoint[],
  batches: AsyncGenerator<Row[]>,
): Promise<number> {
  let sent = 0;
  const takeBatches = async (side: CopyEndpoint) => {
    for await (const rows of batches) {
      await throttle(rows.length);
      await insertBatch(side, table, rows);
      sent += rows.length;
      onSent(sent);
    }
  };
  await Promise.all([...inserters, ...inserters].map(takeBatches));
  return sent;
}

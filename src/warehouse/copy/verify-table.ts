import { OperatorError } from '../../errors/operator-error.ts';
import type { CopiedTable } from './copied-table.ts';
import type { CopyEndpoint } from './endpoint.ts';
import type { Keys } from './keys.ts';
import { readBounds, readExtent } from './queries.ts';
import type { Table } from './tables.ts';

/** Returns the least and the greatest key of a table, or null without a row. */
export async function readKeys(side: CopyEndpoint, table: Table): Promise<Keys | null> {
  const [bounds] = await side.read<{ first: string | null; last: string }>(readBounds(table));
  if (!bounds || bounds.first === null) return null;
  return { from: BigInt(bounds.first), last: BigInt(bounds.last) };
}

/**
 * Compares the number of rows, the least and the greatest key of the whole tables. If the copy has changed rows, both
 * tables are counted again, independently of the ranges.
 * @throws OperatorError if they differ
 */
export async function verifyTable(
  source: CopyEndpoint,
  warehouse: CopyEndpoint,
  table: Table,
  { rows, sent, deleted }: CopiedTable,
): Promise<void> {
  type Extent = { total?: number; first: string | null; last: string | null };
  const sql = sent + deleted > 0 ? readExtent(table) : readBounds(table);
  const [[theirs] = [], [ours] = []] = await Promise.all(
    [source, warehouse].map((side) => side.read<Extent>(sql)),
  );
  const format = (extent: Extent | undefined) =>
    `${extent?.total ?? rows} rows with ${table.key[0]} ${extent?.first} to ${extent?.last}`;
  const [there, here] = [format(theirs), format(ours)];
  if (there === here) return;
  throw new OperatorError(
    `The table ${table.name} differs after the copy: MiniTwit's database has ${there}, and the warehouse ${here}. Run the copy again, with --prove-all. If it fails again, compare the definitions of the two tables.`,
  );
}

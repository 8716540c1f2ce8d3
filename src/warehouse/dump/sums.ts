import { sumRange } from '../copy/queries.ts';
import type { Side } from '../copy/endpoint.ts';
import { TABLES } from '../copy/tables.ts';
import type { Contents } from './format.ts';

/** A range of keys that holds every row. */
export const EVERYTHING = { from: 0, to: Number.MAX_SAFE_INTEGER };

/** Counts and sums all rows, as this side sees them. */
export async function sumTables(side: Side): Promise<Contents> {
  const sums: Contents = {};
  for (const table of TABLES) {
    const sql = sumRange(table, true);
    const [sum] = await side.read<{ total: number; checksum: string }>(sql, EVERYTHING);
    if (sum) sums[table.name] = sum;
  }
  return sums;
}

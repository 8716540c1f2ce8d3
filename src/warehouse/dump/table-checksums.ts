import { sumRange } from '../copy/queries.ts';
import type { CopyEndpoint } from '../copy/endpoint.ts';
import { TABLES } from '../copy/tables.ts';
import type { TableChecksums } from './format.ts';

/** The range of all keys. */
export const ALL_KEYS = { from: 0, to: Number.MAX_SAFE_INTEGER };

/** Returns the number and checksum of the rows of each table. */
export async function checksumTables(side: CopyEndpoint): Promise<TableChecksums> {
  const sums: TableChecksums = {};
  for (const table of TABLES) {
    const sql = sumRange(table, true);
    const [sum] = await side.read<{ total: number; checksum: string }>(sql, ALL_KEYS);
    if (sum) sums[table.name] = sum;
  }
  return sums;
}

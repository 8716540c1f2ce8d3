import type { CopyEndpoint } from '../copy/endpoint.ts';
import { ALL_KEYS } from '../copy/keys.ts';
import type { TableChecksums } from './format.ts';
import { type DumpFormat, listSumQueries } from './formats.ts';

/** Returns the number and checksum of the rows of each table that is restored from a dump of this format. */
export async function checksumTables(
  side: CopyEndpoint,
  format: DumpFormat,
): Promise<TableChecksums> {
  const sums: TableChecksums = {};
  for (const [table, sql] of listSumQueries(format)) {
    const [sum] = await side.read<{ total: number; checksum: string }>(sql, ALL_KEYS);
    if (sum) sums[table] = sum;
  }
  return sums;
}

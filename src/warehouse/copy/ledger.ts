import { createHash } from 'node:crypto';
import type { DatabaseConfig } from '../../config/config.ts';
import type { CopyEndpoint } from './endpoint.ts';
import { sumRange } from './queries.ts';
import type { Table } from './tables.ts';

/** A verified range of a table. */
export interface LedgerEntry {
  /** The number of the range. */
  number: number;
  rows: number;
  /** The checksum of the rows: up to 20 digits. */
  checksum: string;
  /** When the range was last compared with MiniTwit's database, in seconds since 1970. */
  provedAtS: number;
}

const CREATE_LEDGER = `create table if not exists warehouse_range (
  table_name varchar(64) character set ascii collate ascii_bin not null,
  number bigint unsigned not null,
  -- Identifies the computation of the checksum and the width of the range.
  formula char(16) character set ascii collate ascii_bin not null,
  row_count bigint unsigned not null,
  checksum bigint unsigned not null,
  -- Seconds since 1970.
  proved_at_s bigint unsigned not null,
  primary key (table_name, number)
) engine = InnoDB`;

const CREATE_SOURCE = `create table if not exists warehouse_source (
  source varchar(512) not null,
  -- A server may refuse tables without a primary key.
  primary key (source)
) engine = InnoDB default character set utf8mb4`;

/**
 * Creates the ledger in a warehouse that has none: a table with the verified ranges of all tables, and one with their
 * source. Deletes the entries of another source: as many rows in a range of another database prove nothing.
 */
export async function ensureLedger(
  warehouse: CopyEndpoint,
  { host, port, name }: Pick<DatabaseConfig, 'host' | 'port' | 'name'>,
): Promise<void> {
  await warehouse.write(CREATE_LEDGER);
  await warehouse.write(CREATE_SOURCE);
  const source = `${host}:${port}/${name}`;
  const sources = await warehouse.read<{ source: string }>('select source from warehouse_source');
  if (sources.length === 1 && sources[0]?.source === source) return;
  await warehouse.write('delete from warehouse_range');
  await warehouse.write('delete from warehouse_source');
  await warehouse.write('insert into warehouse_source values (:source)', { source });
}

/** Returns the entries of a table by the numbers of their ranges. Entries of another version of MiniTwit are not used. */
export async function readLedger(
  warehouse: CopyEndpoint,
  table: Table,
): Promise<Map<number, LedgerEntry>> {
  const entries = await warehouse.read<LedgerEntry>(
    `select number, row_count as \`rows\`, cast(checksum as char) as checksum, proved_at_s as provedAtS
     from warehouse_range
     where table_name = :name and formula = :formula
     order by number`,
    { name: table.name, formula: formulaOf(table) },
  );
  return new Map(entries.map((entry) => [entry.number, entry]));
}

/**
 * Replaces the entries of these ranges. An entry without rows is deleted. In a transaction, this is committed with the
 * rows of the range.
 */
export async function writeLedger(
  warehouse: CopyEndpoint,
  table: Table,
  entries: LedgerEntry[],
): Promise<void> {
  const [filled, empty] = [entries.filter(({ rows }) => rows > 0), entries.filter(isEmpty)];
  const formula = formulaOf(table);
  const rows = filled.map((entry) => [
    table.name,
    entry.number,
    formula,
    entry.rows,
    BigInt(entry.checksum),
    entry.provedAtS,
  ]);
  if (rows.length > 0) {
    const columns = 'table_name, number, formula, row_count, checksum, proved_at_s';
    await warehouse.write(`replace into warehouse_range (${columns}) values :rows`, { rows });
  }
  if (empty.length > 0) {
    await warehouse.write(
      'delete from warehouse_range where table_name = :name and number in (:numbers)',
      { name: table.name, numbers: empty.map(({ number }) => number) },
    );
  }
}

function isEmpty({ rows }: LedgerEntry): boolean {
  return rows === 0;
}

function formulaOf(table: Table): string {
  const text = `${sumRange(table, true)} ${table.rangeWidth}`;
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

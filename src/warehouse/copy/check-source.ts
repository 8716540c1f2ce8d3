import { errorMessage } from '../../errors/error-message.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import type { CopyEndpoint } from './endpoint.ts';
import { readBounds, sumRange } from './queries.ts';
import { TABLES, type Table } from './tables.ts';

// The bytes of texts in these character sets are those of utf8mb4.
const CHARACTER_SETS = ['utf8mb4', 'utf8mb3', 'utf8', 'ascii', 'binary'];

/**
 * Checks that the tables of a source can be copied.
 * @throws OperatorError, one sentence for each cause, if a table or a right is missing, if a text has another character
 *   set than utf8mb4, or if a key is negative
 */
export async function checkTables(source: CopyEndpoint): Promise<void> {
  await assertReadable(source);
  await assertCharacterSets(source);
  for (const table of TABLES) await assertNoNegativeKey(source, table);
}

async function assertReadable(source: CopyEndpoint): Promise<void> {
  try {
    for (const table of TABLES) await source.read(sumRange(table, true), { from: 0, last: 0 });
  } catch (error) {
    const advice =
      'It needs the tables of this version (npm run migrate adds missing ones), and its user needs the right to select.';
    throw new OperatorError(`${errorMessage(error)}. ${advice}`, { cause: error });
  }
}

/** The checksums are those of bytes, so the same text in another character set would differ. */
async function assertCharacterSets(source: CopyEndpoint): Promise<void> {
  type Column = { name: string; characterSet: string };
  const columns = await source.read<Column>(
    `select concat(table_name, '.', column_name) as name, character_set_name as characterSet
     from information_schema.columns
     where table_schema = database() and character_set_name not in (:characterSets)
     order by name`,
    { characterSets: CHARACTER_SETS },
  );
  const copied = new Set(
    TABLES.flatMap(({ name, columns: each }) => each.map((column) => `${name}.${column}`)),
  );
  const other = columns.find(({ name }) => copied.has(name));
  if (other === undefined) return;
  const [table] = other.name.split('.');
  throw new OperatorError(
    `MiniTwit's database stores ${other.name} in the character set ${other.characterSet}. The copy needs utf8mb4. To convert the column, run \`alter table ${table} convert to character set utf8mb4\` there.`,
  );
}

async function assertNoNegativeKey(source: CopyEndpoint, table: Table): Promise<void> {
  const [bounds] = await source.read<{ first: string | null }>(readBounds(table));
  if (!bounds?.first?.startsWith('-')) return;
  const key = `${table.key[0]} ${bounds.first}`;
  throw new OperatorError(
    `MiniTwit's database has a row in ${table.name} with ${key}. Nothing was copied: keys must be 0 or more, as in schema.sql. Give the row another key, or delete it.`,
  );
}

/**
 * @throws OperatorError if the source has no users but the warehouse has: the source may be new after a loss of data
 */
export async function assertSourceNotEmpty(
  source: CopyEndpoint,
  warehouse: CopyEndpoint,
): Promise<void> {
  const sql = 'select exists (select 1 from user) as found';
  const [theirs, ours] = await Promise.all(
    [source, warehouse].map((endpoint) => endpoint.read<{ found: number }>(sql)),
  );
  if (theirs?.[0]?.found === 1 || ours?.[0]?.found !== 1) return;
  throw new OperatorError(
    "MiniTwit's database has no users, but the warehouse has. Nothing was copied. To restore the database, see docs/warehouse.md.",
  );
}

import { alignColumns, escapeControls } from '../../cli/table.ts';
import { formatJsonValue, formatText, type QueryResult, type Value } from './value.ts';

const TABLE_ROWS_MAX = 1000;
const CELL_LENGTH_MAX = 200;
const CELL_LENGTH_MIN = 8;
const GAP = 2;

/** A format of a query's result. */
export type Format = 'table' | 'csv' | 'json';

/**
 * Yields a result as text, in pieces.
 * @param width the number of characters in a line of the table; unlimited if undefined or 0, as some terminals report
 */
export function formatResult(
  result: QueryResult,
  format: Format,
  width?: number,
): AsyncGenerator<string> {
  if (format === 'csv') return formatCsv(result);
  if (format === 'json') return formatJson(result);
  return formatTable(result, width || Infinity);
}

/**
 * Yields CSV (RFC 4180) with a line of the columns' names. Null is an empty field, and an empty text is `""`. Texts are
 * unchanged, also those that a spreadsheet would run as a formula.
 */
async function* formatCsv({ columns, batches }: QueryResult): AsyncGenerator<string> {
  let header = formatCsvLine(columns);
  for await (const rows of batches) {
    yield header + rows.map(formatCsvLine).join('');
    header = '';
  }
  yield header;
}

function formatCsvLine(row: Value[]): string {
  return `${row.map(formatCsvField).join(',')}\r\n`;
}

function formatCsvField(value: Value): string {
  if (value === null) return '';
  const text = formatText(value);
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Yields a JSON array with an object for each row, a line each. */
async function* formatJson({ columns, batches }: QueryResult): AsyncGenerator<string> {
  const names = columns.map((name) => `${JSON.stringify(name)}: `);
  const formatRow = (row: Value[]) =>
    `{${row.map((value, column) => `${names[column]}${formatJsonValue(value)}`).join(', ')}}`;
  let start = '[\n';
  for await (const rows of batches) {
    if (rows.length === 0) continue;
    yield start + rows.map(formatRow).join(',\n');
    start = ',\n';
  }
  yield start === '[\n' ? '[]\n' : '\n]\n';
}

/** Yields a table with the first rows, as wide as the terminal at most, and a line with the number of rows. */
async function* formatTable(
  { columns, batches }: QueryResult,
  width: number,
): AsyncGenerator<string> {
  const rows: Value[][] = [];
  for await (const batch of batches) {
    rows.push(...batch);
    if (rows.length > TABLE_ROWS_MAX) break;
  }
  const shown = rows.slice(0, TABLE_ROWS_MAX);
  const cells = [columns.map(escapeControls), ...shown.map((row) => row.map(formatCell))];
  const widths = fitColumns(cells, width);
  const isCut = cells.some((row) =>
    row.some((cell, column) => cell.length > (widths[column] ?? 0)),
  );
  const lines = cells.map((row) => row.map((cell, column) => cutText(cell, widths[column] ?? 0)));
  yield [
    ...alignColumns(lines),
    formatCount(shown.length, rows.length > shown.length, isCut),
    '',
  ].join('\n');
}

/** Returns a cell on one line, without characters that control the terminal: users write most of the texts. */
function formatCell(value: Value): string {
  return value === null ? 'NULL' : escapeControls(formatText(value));
}

/** Returns the width of each column. The widest columns are narrowed until a line fits, but not below the minimum. */
function fitColumns(cells: string[][], width: number): number[] {
  const widths = (cells[0] ?? []).map((_, column) =>
    Math.min(
      CELL_LENGTH_MAX,
      cells.reduce((max, row) => Math.max(max, row[column]?.length ?? 0), 0),
    ),
  );
  const available = width - GAP * (widths.length - 1);
  let max = Math.max(...widths);
  const total = () => widths.reduce((sum, it) => sum + Math.min(it, max), 0);
  while (max > CELL_LENGTH_MIN && total() > available) max -= 1;
  return widths.map((it) => Math.min(it, max));
}

function cutText(text: string, length: number): string {
  return text.length > length
    ? `${text.slice(0, length - 1).replace(/[\uD800-\uDBFF]$/, '')}…`
    : text;
}

function formatCount(rows: number, hasMore: boolean, isCut: boolean): string {
  const count = rows.toLocaleString('en');
  const shown = hasMore ? `The first ${count} rows.` : `${count} ${rows === 1 ? 'row' : 'rows'}.`;
  const cut = [hasMore ? 'all rows' : '', isCut ? 'whole values' : ''].filter(Boolean);
  return cut.length > 0 ? `${shown} For ${cut.join(' and ')}, add --csv or --json.` : shown;
}

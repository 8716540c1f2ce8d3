import type { Statistic, Value } from '../statistics/statistics.ts';

// A spreadsheet runs a text that begins with one of these as a formula. Usernames can. Excel takes the full-width signs
// for formulas, too. Where it separates columns by semicolons, it also divides a text at them, and at ends of lines.
const FORMULA = /^(?=[=+\-@＝＋－＠\t\r\n])|([;\t\r\n])(?=[=+\-@＝＋－＠])/g;

// Without it, Excel reads a file in the code page of the computer, which turns `é` into two other letters.
const BYTE_ORDER_MARK = '\uFEFF';

/**
 * Returns a table as CSV (RFC 4180) for spreadsheets, in UTF-8 with a byte order mark: a line with the columns' names,
 * then a line for each row. Where a spreadsheet would run a text as a formula, it has an apostrophe here, and is
 * unchanged in `stats.json`.
 */
export function formatCsv({ columns, rows }: Pick<Statistic, 'columns' | 'rows'>): string {
  const lines = [columns, ...rows].map((row) => `${row.map(formatCell).join(',')}\r\n`);
  return BYTE_ORDER_MARK + lines.join('');
}

function formatCell(value: Value): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const text = value.replace(FORMULA, "$1'");
  return /[",;\t\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

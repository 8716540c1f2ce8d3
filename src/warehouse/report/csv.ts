import type { Statistic, Value } from '../statistics/statistics.ts';

// Where a spreadsheet would take a text for a formula, and do what somebody chose for a username.
const formula = /^[=+\-@\t\r\n]/;

/**
 * A statistic as CSV (RFC 4180): a line of the columns' names, then a line for each row. It is for spreadsheets:
 * a text that one would take for a formula has an apostrophe before it; `stats.json` has it as it is.
 */
export function formatCsv({ columns, rows }: Statistic): string {
  return [columns, ...rows].map((row) => `${row.map(formatCell).join(',')}\r\n`).join('');
}

function formatCell(value: Value): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const text = formula.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

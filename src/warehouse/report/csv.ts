import type { Statistic, Value } from '../statistics/statistics.ts';

// A spreadsheet runs a text that begins with one of these as a formula. Usernames can.
const formula = /^[=+\-@\t\r\n]/;

/**
 * Returns a statistic as CSV (RFC 4180) for spreadsheets: a line with the columns' names, then a line for each row. A
 * text that a spreadsheet would run as a formula begins with an apostrophe here, and is unchanged in `stats.json`.
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

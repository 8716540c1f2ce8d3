import type { FieldPacket, ResultSetHeader } from 'mysql2/promise';
import { alignColumns, escapeControls } from '../cli/table.ts';
import { PROMPT_ROWS_MAX } from '../database/session-variables.ts';

/** A cell as the server sends it. */
type Cell = string | null;

/** Formats the rows of a statement as a table, with their number and the duration of the statement. */
export function formatRows(rows: Cell[][], fields: FieldPacket[], durationMs: number): string {
  const count = `${rows.length} ${rows.length === 1 ? 'row' : 'rows'}, ${formatMs(durationMs)}.`;
  if (rows.length === 0) return count;
  const lines = alignColumns([
    fields.map(({ name }) => name),
    ...rows.map((row) => row.map(formatCell)),
  ]);
  const note =
    rows.length === PROMPT_ROWS_MAX
      ? ` There may be more rows: without a limit of its own, a statement returns ${PROMPT_ROWS_MAX}.`
      : '';
  return [...lines, count + note].join('\n');
}

/** Formats the result of a statement that returns no rows. */
export function formatChange({ affectedRows }: ResultSetHeader, durationMs: number): string {
  return `${affectedRows} ${affectedRows === 1 ? 'row' : 'rows'} changed, ${formatMs(durationMs)}.`;
}

/** Returns a cell on one line, without characters that control the terminal: users write most of the texts. */
function formatCell(cell: Cell): string {
  return cell === null ? 'NULL' : escapeControls(cell);
}

function formatMs(durationMs: number): string {
  return `${Math.round(durationMs)} ms`;
}

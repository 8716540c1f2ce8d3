import { escapeControls } from '../../cli/table.ts';
import { errorMessage } from '../../errors/error-message.ts';
import { READ_ONLY } from '../duckdb/restrict-to-files.ts';
import { OperatorError } from '../../errors/operator-error.ts';

// DuckDB's messages for `insert`, `update` and `delete`: the warehouse's tables are views.
const CHANGE = /^(?:Can only (?:update|delete from|insert into) base table|\w+ is not an? table)/;
const MISSING_TABLE = /^Table with name .* does not exist!/;

/** Returns whether DuckDB ended a query that needs more memory than its limit. */
export function isOutOfMemory(error: unknown): boolean {
  return errorMessage(error).startsWith('Out of Memory Error');
}

/**
 * Converts the error of a query to one that an analyst reads, with the line of the query and the position in it. Returns
 * other errors unchanged.
 */
export function toQueryError(error: unknown): unknown {
  if (error instanceof OperatorError) return error;
  const text = errorMessage(error).replace(/^Failed to extract statements: /, '');
  const [, kind = '', problem = ''] = /^(\w[\w ]*) Error: ([^]*)$/.exec(text) ?? [];
  return kind === '' ? error : new OperatorError(formatProblem(kind, problem), { cause: error });
}

function formatProblem(kind: string, problem: string): string {
  // Texts of users can be in the message, such as a value that is no number.
  const lines = problem
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map(escapeControls);
  const text = lines.join('\n');
  if (CHANGE.test(problem)) return READ_ONLY;
  if (MISSING_TABLE.test(problem)) return `The query failed: ${formatMissingTable(lines)}`;
  switch (kind) {
    case 'Out of Memory':
      return 'The query needs more memory than DuckDB has here. Select fewer columns or rows, or group before you sort.';
    case 'Permission':
      return `The query may only read the tables of the warehouse: user, message and follower.\n${text}`;
    case 'Parser':
      return `The query is not valid SQL: ${text}`;
    default:
      return `The query failed: ${text}`;
  }
}

/** Replaces a suggestion of a table of DuckDB's own, which no analyst means, by the names of the warehouse's tables. */
function formatMissingTable(lines: string[]): string {
  const tables =
    'The tables are user, message and follower, and those of the statistics: person, active_day, calendar and moment.';
  return lines
    .map((line) => (/^Did you mean "(?!(?:user|message|follower)")/.test(line) ? tables : line))
    .join('\n');
}

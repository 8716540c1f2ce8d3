import { escapeControls } from '../../cli/table.ts';
import { errorMessage } from '../../errors/error-message.ts';
import { OperatorError } from '../../errors/operator-error.ts';

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

import { createInterface } from 'node:readline';
import type { Connection, QueryError, ResultSetHeader } from 'mysql2/promise';
import { splitStatements } from '../database/split-statements.ts';
import type { DatabaseConfig } from '../config/config.ts';
import { isConnectionClosed } from '../database/query-errors.ts';
import { PROMPT_BOUNDS, PROMPT_ROWS_MAX } from '../database/session-variables.ts';
import { setSessionVariables } from '../database/set-session-variables.ts';
import { withConnection } from '../database/with-connection.ts';
import { errorMessage } from '../errors/error-message.ts';
import { formatChange, formatRows } from './format-result.ts';
import { readStatements } from '../cli/read-statements.ts';

// `withConnection` ends an idle connection after ten times this timeout, so a prompt ends after 30 minutes.
const RETRY_OPTIONS = { waitMaxMs: 10_000, connectTimeoutMs: 180_000 };
const USAGE = `End each statement with ";". Ctrl-C cancels a statement, and Ctrl-D ends the prompt. Limits: 30 s, ${PROMPT_ROWS_MAX} rows.`;

/** The terminal of a prompt. */
export interface Terminal {
  input: NodeJS.ReadableStream;
  output: NodeJS.WritableStream & { isTTY?: boolean };
}

/**
 * Runs the SQL statements that an operator types, until the end of the input. Ctrl-C cancels the running statement, or
 * discards the typed text. See `PROMPT_BOUNDS` for the limits of a statement.
 * @throws OperatorError when the database cannot be reached, refuses the login, or ends the connection
 */
export async function runSqlPrompt(config: DatabaseConfig, terminal: Terminal): Promise<void> {
  await withConnection(config, RETRY_OPTIONS, async (connection) => {
    await setSessionVariables(connection, config, PROMPT_BOUNDS);
    await runStatements(config, connection, terminal);
  });
}

async function runStatements(
  config: DatabaseConfig,
  connection: Connection,
  { input, output }: Terminal,
): Promise<void> {
  const lines = createInterface({ input, output, terminal: output.isTTY ?? false });
  const print = (text: string) => void output.write(`${text}\n`);
  const cancel = () => void cancelStatement(config, connection, print);
  print(`Connected to ${config.name} as ${config.user}. ${USAGE}`);
  try {
    for await (const statement of readStatements(lines, config.name, splitStatements)) {
      lines.on('SIGINT', cancel);
      print(await runStatement(connection, statement));
      lines.off('SIGINT', cancel);
    }
  } finally {
    lines.close();
  }
}

/** Runs a statement, and returns its result or its error as text. Throws if the connection has ended. */
async function runStatement(connection: Connection, sql: string): Promise<string> {
  const startedAt = performance.now();
  try {
    const [result, fields] = await connection.query({
      sql,
      rowsAsArray: true,
      // Numbers and dates are printed as the server sends them.
      typeCast: (field) => field.string(),
    });
    const durationMs = performance.now() - startedAt;
    return Array.isArray(result)
      ? formatRows(result as (string | null)[][], fields, durationMs)
      : formatChange(result as ResultSetHeader, durationMs);
  } catch (error) {
    const failure = error as QueryError;
    const { errno, fatal, message } = failure;
    if (fatal || errno === undefined || isConnectionClosed(failure)) throw error;
    return `Error ${errno}: ${message}`;
  }
}

/** Cancels the running statement on another connection. Only prints an error, such as that of a lost connection. */
async function cancelStatement(
  config: DatabaseConfig,
  { threadId }: Connection,
  print: (text: string) => void,
): Promise<void> {
  const cancel = withConnection(config, RETRY_OPTIONS, (other) =>
    other.query(`kill query ${threadId}`),
  );
  await cancel.catch((error: unknown) => print(errorMessage(error)));
}

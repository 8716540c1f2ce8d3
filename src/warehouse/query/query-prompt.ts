import { createInterface } from 'node:readline';
import { formatTime } from '../../cli/times.ts';
import { readStatements } from '../../cli/read-statements.ts';
import { errorMessage } from '../../errors/error-message.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { formatResult } from './format-result.ts';
import { runQuery } from './run-query.ts';
import type { OpenRun } from './with-newest-run.ts';

const USAGE = 'End each query with ";". Ctrl-C cancels a query, and Ctrl-D ends the prompt.';

/** The terminal of a prompt. */
export interface Terminal {
  input: NodeJS.ReadableStream;
  output: NodeJS.WritableStream & { isTTY?: boolean; columns?: number | undefined };
}

/**
 * Runs the queries that an analyst types, until the end of the input. Ctrl-C cancels the running query, or discards the
 * typed text.
 */
export async function runQueryPrompt(run: OpenRun, { input, output }: Terminal): Promise<void> {
  const lines = createInterface({ input, output, terminal: output.isTTY ?? false });
  const print = (text: string) => void output.write(`${text}\n`);
  const asOf = formatTime(new Date(run.manifest.asOf));
  print(`The tables user, message and follower, as of ${asOf}. ${USAGE}`);
  try {
    for await (const query of readStatements(lines, 'warehouse', (typed) => [typed])) {
      const cancelled = new AbortController();
      const cancel = () => cancelled.abort(new OperatorError('The query is cancelled.'));
      lines.on('SIGINT', cancel);
      try {
        const result = await runQuery(run, query, cancelled.signal);
        for await (const text of formatResult(result, 'table', output.columns)) output.write(text);
      } catch (error) {
        print(errorMessage(error));
      } finally {
        lines.off('SIGINT', cancel);
      }
    }
  } finally {
    lines.close();
  }
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** The result of a program. */
export interface Outcome {
  /** The exit status, or null if a signal ended the program. */
  status: number | null;
  /** The output on stdout and stderr, in order. */
  output: string;
}

/** Runs a program with the environment of the tests, and waits until it ends. */
export async function runCommand(program: string, ...parameters: string[]): Promise<Outcome> {
  const child = spawn(program, parameters, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, output };
}

/**
 * Runs a program, and waits until it ends.
 * @throws Error with the command line and the last lines of the output if the program fails
 */
export async function runOrThrow(program: string, ...parameters: string[]): Promise<void> {
  const { status, output } = await runCommand(program, ...parameters);
  if (status !== 0)
    throw new Error(
      `${[program, ...parameters].join(' ')} ended with ${status}:\n${lastLines(output)}`,
    );
}

const SHOWN_LINES_MAX = 30;

function lastLines(output: string): string {
  return output.trimEnd().split('\n').slice(-SHOWN_LINES_MAX).join('\n');
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** How a program ended, and its output. */
export interface Outcome {
  /** Null when a signal ended it. */
  status: number | null;
  /** The output on stdout and stderr, in order. */
  output: string;
}

/** Runs a program of this machine to its end. */
export async function runCommand(program: string, ...parameters: string[]): Promise<Outcome> {
  const child = spawn(program, parameters, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, output };
}

/**
 * Runs a program of this machine that has to succeed.
 * @throws Error with its command line and the end of its output when it fails
 */
export async function runOrThrow(program: string, ...parameters: string[]): Promise<void> {
  const { status, output } = await runCommand(program, ...parameters);
  if (status !== 0)
    throw new Error(
      `${[program, ...parameters].join(' ')} ended with ${status}:\n${lastOf(output)}`,
    );
}

const SHOWN_LINES_MAX = 30;

function lastOf(output: string): string {
  return output.trimEnd().split('\n').slice(-SHOWN_LINES_MAX).join('\n');
}

import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import dotenv from 'dotenv';
import { shutdownSignal } from './cli/shutdown-signal.ts';
import { DEFAULT_TIMING } from './cli/command-context.ts';
import { runProgram } from './cli/program.ts';
import { createCli } from './cloud/commands/cli.ts';
import { type CloudContext, createCloudContext } from './cloud/context.ts';

const MAX_HOURS = 4;

await runProgram(async () => {
  if (process.env.NODE_ENV !== 'production') dotenv.config({ quiet: true });
  await createCli({ open, prompt }).parseAsync();
  process.exit();
});

function open(stackName: string): CloudContext {
  const print = (line: string) => console.log(line);
  return createCloudContext({
    stackName,
    print,
    signal: shutdownSignal(MAX_HOURS, print),
    timing: DEFAULT_TIMING,
  });
}

/** Prompts the operator, and returns the answer; an empty one when stdin has ended. */
async function prompt(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const ended = once(terminal, 'close').then(() => '');
  try {
    return await Promise.race([terminal.question(question), ended]);
  } finally {
    terminal.close();
  }
}

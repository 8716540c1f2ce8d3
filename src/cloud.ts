import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import dotenv from 'dotenv';
import { shutdownSignal } from './cli/shutdown-signal.ts';
import { DEFAULT_TIMING } from './cli/command-context.ts';
import { runProgram } from './cli/program.ts';
import { createCli } from './cloud/commands/cli.ts';
import { type CloudContext, createCloudContext } from './cloud/context.ts';

const MAX_HOURS = 4;

let printRequest: ((line: string) => void) | undefined;

await runProgram(async () => {
  if (process.env.NODE_ENV !== 'production') dotenv.config({ quiet: true });
  await createCli({ open, env: process.env, prompt, enableVerbose }).parseAsync();
  process.exit();
});

/** Prints the requests to AWS on stderr, so that a program can read stdout. */
function enableVerbose(): void {
  printRequest = (line) => console.error(line);
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(text) as { version: string };
  const { platform, arch, versions, env } = process;
  printRequest(
    `MiniTwit ${version}, Node.js ${versions.node}, ${platform} ${arch}, AWS_REGION ${env.AWS_REGION ?? 'not set'}`,
  );
}

function open(stackName: string): CloudContext {
  const print = (line: string) => console.log(line);
  return createCloudContext({
    stackName,
    print,
    signal: shutdownSignal(MAX_HOURS, print),
    timing: DEFAULT_TIMING,
    printRequest,
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

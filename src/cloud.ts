import { readFileSync } from 'node:fs';
import dotenv from 'dotenv';
import { shutdownSignal } from './cli/shutdown-signal.ts';
import { DEFAULT_TIMING } from './cli/command-context.ts';
import { runProgram } from './cli/program.ts';
import { promptInTerminal } from './cli/prompt.ts';
import { createCli } from './cloud/commands/cli.ts';
import { type CloudContext, createCloudContext } from './cloud/context.ts';

const MAX_HOURS = 4;

let printRequest: ((line: string) => void) | undefined;

await runProgram(async () => {
  if (process.env.NODE_ENV !== 'production') dotenv.config({ quiet: true });
  await createCli({ open, env: process.env, prompt: promptInTerminal, enableVerbose }).parseAsync();
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

import { fileURLToPath } from 'node:url';
import dotenv from 'dotenv';
import { createCli } from './admin/cli.ts';
import { runProgram } from './cli/program.ts';
import { promptInTerminal } from './cli/prompt.ts';

// `npm run local` writes this file, which exists while its database runs.
const LOCAL_SETTINGS = fileURLToPath(new URL('../.data/local.env', import.meta.url));

await runProgram(async () => {
  if (process.env.NODE_ENV !== 'production') {
    const path = process.env.DB_HOST ? ['.env'] : [LOCAL_SETTINGS, '.env'];
    dotenv.config({ path, quiet: true });
  }
  const print = (line: string) => console.log(line);
  await createCli({ environment: process.env, print, prompt: promptInTerminal }).parseAsync();
});

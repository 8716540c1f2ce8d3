import dotenv from 'dotenv';
import { withDataFiles } from './dev/data-files.ts';
import { runProgram } from './cli/program.ts';
import { createCli } from './warehouse/commands/cli.ts';
import { DATA } from './warehouse/commands/create-context.ts';

await runProgram(async () => {
  if (process.env.NODE_ENV !== 'production') dotenv.config({ quiet: true });
  await withDataFiles(DATA, () => createCli(process.env).parseAsync());
  process.exit();
});

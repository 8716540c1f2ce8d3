import dotenv from 'dotenv';
import { withDataFiles } from '../dev/data-files.ts';
import { runProgram } from '../program.ts';
import { createCli } from './cli.ts';
import { DATA } from './parts.ts';

await runProgram(async () => {
  if (process.env.NODE_ENV !== 'production') dotenv.config({ quiet: true });
  await withDataFiles(DATA, () => createCli(process.env).parseAsync());
  process.exit();
});

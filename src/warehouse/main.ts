import dotenv from 'dotenv';
import { withDataFiles } from '../dev/data-files.ts';
import { runProgram } from '../program.ts';
import { createCommandLine } from './command-line.ts';
import { DATA } from './parts.ts';

await runProgram(async () => {
  if (process.env.NODE_ENV !== 'production') dotenv.config({ quiet: true });
  await withDataFiles(DATA, () => createCommandLine(process.env).parseAsync());
  process.exit();
});

import dotenv from 'dotenv';
import { runProgram } from '../program.ts';
import { createCommandLine } from './command-line.ts';

await runProgram(async () => {
  if (process.env.NODE_ENV !== 'production') dotenv.config({ quiet: true });
  await createCommandLine(process.env).parseAsync();
  process.exit();
});

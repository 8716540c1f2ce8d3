import dotenv from 'dotenv';
import { runProgram } from './cli/program.ts';
import { readDatabaseConfig } from './config/config.ts';
import { runSqlPrompt } from './prompt/sql-prompt.ts';

await runProgram(async () => {
  if (process.env.NODE_ENV !== 'production') dotenv.config({ quiet: true });
  const { stdin: input, stdout: output } = process;
  await runSqlPrompt(readDatabaseConfig(process.env), { input, output });
  process.exit();
});

import dotenv from 'dotenv';
import { DATABASE_RETRIES } from './cli/database-retries.ts';
import { runProgram } from './cli/program.ts';
import { readDatabaseConfig } from './config/config.ts';
import { formatChanges } from './database/format-changes.ts';
import { migrateSchema } from './database/schema.ts';

await runProgram(async () => {
  if (process.env.NODE_ENV !== 'production') dotenv.config({ quiet: true });
  const changes = await migrateSchema(readDatabaseConfig(process.env), DATABASE_RETRIES);
  for (const line of formatChanges(changes)) console.log(line);
});

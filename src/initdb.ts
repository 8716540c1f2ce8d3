import { parseArgs } from 'node:util';
import dotenv from 'dotenv';
import { readDatabaseConfig } from './config.ts';
import { initializeSchema } from './database/schema.ts';
import { OperatorError } from './errors.ts';
import { runProgram } from './program.ts';

// An RDS instance takes about a minute to restart.
const WAIT_MAX_MS = 90_000;

await runProgram(async () => {
  if (process.env.NODE_ENV !== 'production') dotenv.config({ quiet: true });
  const force = readArguments();
  const config = readDatabaseConfig(process.env);
  await initializeSchema(config, {
    existing: force ? 'replace' : 'refuse',
    waitMaxMs: WAIT_MAX_MS,
    onWait: (message) => console.error(message),
  });
  console.log('Initialized the database.');
});

function readArguments(): boolean {
  try {
    return parseArgs({ options: { force: { type: 'boolean', default: false } } }).values.force;
  } catch {
    throw new OperatorError('Usage: npm run initdb [-- --force]');
  }
}

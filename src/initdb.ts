import { parseArgs } from 'node:util';
import dotenv from 'dotenv';
import { readDatabaseConfig } from './config.ts';
import { initializeSchema, type SchemaOptions } from './database/schema.ts';
import { OperatorError } from './errors.ts';
import { runProgram } from './program.ts';

// An RDS instance takes about a minute to restart.
const WAIT_MAX_MS = 90_000;

await runProgram(async () => {
  if (process.env.NODE_ENV !== 'production') dotenv.config({ quiet: true });
  const existing = readArguments();
  const config = readDatabaseConfig(process.env);
  const created = await initializeSchema(config, {
    existing,
    waitMaxMs: WAIT_MAX_MS,
    onWait: (message) => console.error(message),
  });
  // the one line that MiniTwit's own program says
  const isNew = created.length > 0;
  console.log(isNew ? 'Initialized the database.' : 'The tables are there: nothing was changed.');
});

function readArguments(): SchemaOptions['existing'] {
  const options = { force: { type: 'boolean' }, 'if-missing': { type: 'boolean' } } as const;
  try {
    const { force, 'if-missing': ifMissing } = parseArgs({ options }).values;
    if (!force) return ifMissing ? 'keep' : 'refuse';
    if (!ifMissing) return 'replace';
  } catch {
    // said below, as when both are given
  }
  throw new OperatorError('Usage: npm run initdb [-- --if-missing | --force]');
}

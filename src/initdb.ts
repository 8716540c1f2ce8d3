import { parseArgs } from 'node:util';
import dotenv from 'dotenv';
import { DATABASE_RETRIES } from './cli/database-retries.ts';
import { runProgram } from './cli/program.ts';
import {
  type DatabaseConfig,
  readAppUserConfig,
  readDatabaseConfig,
  readReaderConfig,
} from './config/config.ts';
import { ensureAppUser } from './database/app-user.ts';
import type { Login } from './database/login.ts';
import { formatChanges } from './database/format-changes.ts';
import { ensureReader } from './database/reader-user.ts';
import { initializeSchema, migrateSchema } from './database/schema.ts';
import { OperatorError } from './errors/operator-error.ts';

// MySQL's limit is 32 characters.
const USER_NAME = /^[A-Za-z0-9_.-]{1,32}$/;
const USAGE =
  'Usage: npm run initdb [-- [--if-missing | --force] [--user NAME [--reader NAME]]]   NAME has at most 32 characters: letters, digits, "_", "." and "-".';

await runProgram(async () => {
  if (process.env.NODE_ENV !== 'production') dotenv.config({ quiet: true });
  const { existing, userName, readerName } = readArguments();
  // Each of these lists all missing settings.
  const reader = readerName === undefined ? null : readReaderConfig(process.env);
  const user = userName === undefined ? null : (reader ?? readAppUserConfig(process.env));
  const config = user?.config ?? readDatabaseConfig(process.env);
  for (const name of [userName, readerName]) assertOtherUser(name, config);
  await createTables(config, existing);
  if (user) await createUser(config, { name: userName ?? '', password: user.password });
  if (reader)
    await createReader(config, { name: readerName ?? '', password: reader.readerPassword });
});

async function createTables(config: DatabaseConfig, existing: Arguments['existing']) {
  if (existing === 'retain') {
    for (const line of formatChanges(await migrateSchema(config, DATABASE_RETRIES)))
      console.log(line);
  } else {
    await initializeSchema(config, { existing, ...DATABASE_RETRIES });
    console.log('Initialized the database.');
  }
}

async function createUser(config: DatabaseConfig, login: Login) {
  const { isNew } = await ensureAppUser(config, login, DATABASE_RETRIES);
  const action = isNew ? 'Created the user' : 'Set the password of the user';
  console.log(`${action} "${login.name}", who may only read and write rows.`);
}

async function createReader(config: DatabaseConfig, login: Login) {
  await ensureReader(config, login, DATABASE_RETRIES);
  console.log(`The user "${login.name}" may only read, without password hashes and sessions.`);
}

interface Arguments {
  /** The handling of existing tables, see `initializeSchema`. With `retain`, they get the missing migrations. */
  existing: 'refuse' | 'replace' | 'retain';
  userName: string | undefined;
  readerName: string | undefined;
}

function readArguments(): Arguments {
  const options = {
    force: { type: 'boolean' },
    'if-missing': { type: 'boolean' },
    user: { type: 'string' },
    reader: { type: 'string' },
  } as const;
  try {
    const { values } = parseArgs({ options });
    const { force, 'if-missing': ifMissing, user: userName, reader: readerName } = values;
    const names = [userName, readerName].filter((name) => name !== undefined);
    const areValid =
      names.every((name) => USER_NAME.test(name)) && new Set(names).size === names.length;
    if (areValid && !(force && ifMissing)) {
      const existing = force ? 'replace' : ifMissing ? 'retain' : 'refuse';
      return { existing, userName, readerName };
    }
  } catch {
    // The usage explains unknown options, too.
  }
  throw new OperatorError(USAGE);
}

function assertOtherUser(name: string | undefined, { user }: DatabaseConfig): void {
  if (name !== user) return;
  throw new OperatorError(
    `The database user must not be "${user}", which is DB_USER and creates the tables. Use another name.`,
  );
}

import { parseArgs } from 'node:util';
import dotenv from 'dotenv';
import { runProgram } from './cli/program.ts';
import { type DatabaseConfig, readDatabaseConfig, readAppUserConfig } from './config/config.ts';
import { ensureAppUser, type Login } from './database/app-user.ts';
import { initializeSchema, type SchemaOptions } from './database/schema.ts';
import { OperatorError } from './errors/operator-error.ts';

const RETRY_OPTIONS = {
  // An RDS instance takes about a minute to restart.
  waitMaxMs: 90_000,
  onWait: (message: string) => console.error(message),
};
// MySQL's limit is 32 characters.
const USER_NAME = /^[A-Za-z0-9_.-]{1,32}$/;
const USAGE =
  'Usage: npm run initdb [-- [--if-missing | --force] [--user NAME]]   NAME has at most 32 characters: letters, digits, "_", "." and "-".';

await runProgram(async () => {
  if (process.env.NODE_ENV !== 'production') dotenv.config({ quiet: true });
  const { existing, userName } = readArguments();
  if (userName === undefined) {
    await createTables(readDatabaseConfig(process.env), existing);
  } else {
    const { config, password } = readAppUserConfig(process.env);
    assertOtherUser(userName, config);
    await createTables(config, existing);
    await createUser(config, { name: userName, password });
  }
});

async function createTables(config: DatabaseConfig, existing: SchemaOptions['existing']) {
  const changed = await initializeSchema(config, { existing, ...RETRY_OPTIONS });
  // The original MiniTwit prints the first of these lines.
  const hasChanged = changed.length > 0;
  console.log(hasChanged ? 'Initialized the database.' : 'All tables exist. Nothing was changed.');
}

async function createUser(config: DatabaseConfig, login: Login) {
  const { isNew } = await ensureAppUser(config, login, RETRY_OPTIONS);
  const action = isNew ? 'Created the user' : 'Changed the password of the user';
  console.log(`${action} "${login.name}", who may only read and write rows.`);
}

function readArguments(): { existing: SchemaOptions['existing']; userName: string | undefined } {
  const options = {
    force: { type: 'boolean' },
    'if-missing': { type: 'boolean' },
    user: { type: 'string' },
  } as const;
  try {
    const { force, 'if-missing': ifMissing, user: userName } = parseArgs({ options }).values;
    const isValidName = userName === undefined || USER_NAME.test(userName);
    if (isValidName && !force) return { existing: ifMissing ? 'retain' : 'refuse', userName };
    if (isValidName && !ifMissing) return { existing: 'replace', userName };
  } catch {
    // The usage explains unknown options, too.
  }
  throw new OperatorError(USAGE);
}

function assertOtherUser(userName: string, { user }: DatabaseConfig): void {
  if (userName !== user) return;
  throw new OperatorError(
    `--user must not be "${user}", which is DB_USER and creates the tables. Use another name.`,
  );
}

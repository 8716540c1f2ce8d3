import { parseArgs } from 'node:util';
import dotenv from 'dotenv';
import { type DatabaseConfig, readDatabaseConfig, readNewUserConfig } from './config/config.ts';
import { initializeSchema, type SchemaOptions } from './database/schema.ts';
import { ensureAppUser } from './database/app-user.ts';
import { OperatorError } from './errors/operator-error.ts';
import { runProgram } from './cli/program.ts';

const PATIENCE = {
  // An RDS instance takes about a minute to restart.
  waitMaxMs: 90_000,
  onWait: (message: string) => console.error(message),
};
// MySQL knows no longer ones.
const USER_NAME = /^[A-Za-z0-9_.-]{1,32}$/;

await runProgram(async () => {
  if (process.env.NODE_ENV !== 'production') dotenv.config({ quiet: true });
  const { existing, userName } = readArguments();
  if (userName === undefined) {
    await makeTables(readDatabaseConfig(process.env), existing);
  } else {
    const { config, password } = readNewUserConfig(process.env);
    refuseOwnName(userName, config);
    await makeTables(config, existing);
    await makeUser(config, { name: userName, password });
  }
});

async function makeTables(config: DatabaseConfig, existing: SchemaOptions['existing']) {
  const created = await initializeSchema(config, { existing, ...PATIENCE });
  // the one line that MiniTwit's own program says
  const isNew = created.length > 0;
  console.log(isNew ? 'Initialized the database.' : 'The tables are there: nothing was changed.');
}

async function makeUser(config: DatabaseConfig, user: { name: string; password: string }) {
  const { isNew } = await ensureAppUser(config, user, PATIENCE);
  const said = isNew ? 'Made the user' : 'Set the password of the user';
  console.log(`${said} "${user.name}", who may read and write rows, and nothing else.`);
}

function readArguments(): { existing: SchemaOptions['existing']; userName: string | undefined } {
  const options = {
    force: { type: 'boolean' },
    'if-missing': { type: 'boolean' },
    user: { type: 'string' },
  } as const;
  try {
    const { force, 'if-missing': ifMissing, user: userName } = parseArgs({ options }).values;
    const isName = userName === undefined || USER_NAME.test(userName);
    if (isName && !force) return { existing: ifMissing ? 'keep' : 'refuse', userName };
    if (isName && !ifMissing) return { existing: 'replace', userName };
  } catch {
    // said below, as when both are given
  }
  throw new OperatorError(
    'Usage: npm run initdb [-- [--if-missing | --force] [--user NAME]]   (NAME: letters, digits, "_", "." and "-", 32 at most)',
  );
}

function refuseOwnName(userName: string, { user }: DatabaseConfig): void {
  if (userName !== user) return;
  throw new OperatorError(`"${user}" is DB_USER, who makes the tables: --user is for another.`);
}

import { parseArgs } from 'node:util';
import dotenv from 'dotenv';
import { DATABASE_RETRIES } from './cli/database-retries.ts';
import { runProgram } from './cli/program.ts';
import { readAddedPasswordConfig, readAppUserConfig } from './config/config.ts';
import { addPassword, discardOldPassword } from './database/dual-passwords.ts';
import { listGrants } from './database/grants.ts';
import { withConnection } from './database/with-connection.ts';
import { OperatorError } from './errors/operator-error.ts';

const OPTIONS = { 'if-exists': { type: 'boolean', default: false } } as const;
const USAGE = `Usage: npm run app-password -- COMMAND NAME [--if-exists]
  add NAME          the database user NAME, whose password is APP_DB_PASSWD, also accepts NEW_APP_DB_PASSWD
  discard-old NAME  the database user NAME accepts APP_DB_PASSWD only
  --if-exists       changes nothing if there is no user NAME`;

await runProgram(async () => {
  if (process.env.NODE_ENV !== 'production') dotenv.config({ quiet: true });
  const { command, name, ifExists } = readArguments();
  if (ifExists && !(await exists(name))) return;
  await (command === 'add' ? add(name) : discardOld(name));
});

async function exists(name: string): Promise<boolean> {
  const { config } = readAppUserConfig(process.env);
  const grants = await withConnection(config, DATABASE_RETRIES, (connection) =>
    listGrants(connection, name),
  );
  if (grants === null) console.log(`The database has no user "${name}". Nothing was changed.`);
  return grants !== null;
}

async function add(name: string): Promise<void> {
  const { config, password, newPassword } = readAddedPasswordConfig(process.env);
  const { isNew } = await addPassword(config, { name, password }, newPassword, DATABASE_RETRIES);
  const verb = isNew ? 'now accepts' : 'already accepted';
  console.log(`The database ${verb} the new password of the user "${name}" beside the old one.`);
}

async function discardOld(name: string): Promise<void> {
  const { config, password } = readAppUserConfig(process.env);
  await discardOldPassword(config, { name, password }, DATABASE_RETRIES);
  console.log(`The database accepts one password of the user "${name}" only.`);
}

function readArguments(): { command: 'add' | 'discard-old'; name: string; ifExists: boolean } {
  try {
    const { positionals, values } = parseArgs({ allowPositionals: true, options: OPTIONS });
    const [command, name, ...others] = positionals;
    const isKnown = command === 'add' || command === 'discard-old';
    if (isKnown && name !== undefined && others.length === 0) {
      return { command, name, ifExists: values['if-exists'] };
    }
  } catch {
    // The usage explains unknown options, too.
  }
  throw new OperatorError(USAGE);
}

import { parseArgs } from 'node:util';
import dotenv from 'dotenv';
import { DATABASE_RETRIES } from './cli/database-retries.ts';
import { runProgram } from './cli/program.ts';
import { readAddedPasswordConfig, readAppUserConfig } from './config/config.ts';
import { addPassword, discardOldPassword } from './database/dual-passwords.ts';
import { OperatorError } from './errors/operator-error.ts';

const USAGE = `Usage: npm run app-password -- COMMAND NAME
  add NAME          the database user NAME, whose password is APP_DB_PASSWD, also accepts NEW_APP_DB_PASSWD
  discard-old NAME  the database user NAME accepts APP_DB_PASSWD only`;

await runProgram(async () => {
  if (process.env.NODE_ENV !== 'production') dotenv.config({ quiet: true });
  const { command, name } = readArguments();
  await (command === 'add' ? add(name) : discardOld(name));
});

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

function readArguments(): { command: 'add' | 'discard-old'; name: string } {
  try {
    const [command, name, ...others] = parseArgs({ allowPositionals: true }).positionals;
    const isKnown = command === 'add' || command === 'discard-old';
    if (isKnown && name !== undefined && others.length === 0) return { command, name };
  } catch {
    // The usage explains unknown options, too.
  }
  throw new OperatorError(USAGE);
}

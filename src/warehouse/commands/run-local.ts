import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import dotenv from 'dotenv';
import { createRunId } from '../../cli/run-id.ts';
import { type DatabaseConfig, readDatabaseConfig } from '../../config/config.ts';
import { startPrivateMariadb } from '../../dev/mariadb/private-mariadb.ts';
import type { Environment } from '../../config/environment.ts';
import { errorMessage } from '../../errors/error-message.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { checkSource } from '../copy/copy-database.ts';
import { lockFolder } from '../run/lock.ts';
import type { RunContext } from '../context.ts';

const CHECK_TIMEOUT_MS = 2000;

/** The context of a run without AWS. */
export type LocalRunContext = Pick<RunContext, 'folder' | 'copy' | 'signal'>;

/** Fills a warehouse on this machine, in a private MariaDB that runs only during this command. */
export async function runLocal({ folder, copy, signal }: LocalRunContext): Promise<void> {
  const lock = await lockFolder(folder);
  try {
    const id = createRunId(new Date());
    lock.setDescription(`the run ${id}`);
    const mariadb = await startPrivateMariadb(join(folder, 'mariadb'));
    try {
      await copy(mariadb.config, { id, signal });
    } finally {
      await mariadb.stop();
    }
  } finally {
    lock.release();
  }
}

/**
 * Finds the database that a run without AWS copies: the one of `npm run local`, if it runs, or the one that the
 * environment names.
 * @param file the settings file that `npm run local` writes while it runs
 * @throws OperatorError when there is no such database, or when it does not answer
 */
export async function findLocalSource(
  file: string,
  environment: Environment,
): Promise<DatabaseConfig> {
  const settings = readIfExists(file);
  if (settings !== null) {
    const source = readDatabaseConfig(dotenv.parse(settings));
    // A killed `npm run local` leaves its settings file.
    await checkSource(source, CHECK_TIMEOUT_MS).catch((error: unknown) => {
      const message = `${errorMessage(error)} (Is \`npm run local\` still running?)`;
      throw new OperatorError(message, { cause: error });
    });
    return source;
  }
  if (environment.DB_HOST) return readDatabaseConfig(environment);
  throw new OperatorError(
    'There is no MiniTwit to copy. Start one with `npm run local`, or set DB_HOST and the other DB_* settings.',
  );
}

/** Returns the content of a file, or null when the file does not exist. */
function readIfExists(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

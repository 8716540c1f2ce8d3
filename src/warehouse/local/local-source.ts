import { readFileSync } from 'node:fs';
import dotenv from 'dotenv';
import { type DatabaseConfig, readDatabaseConfig } from '../../config/config.ts';
import type { Environment } from '../../config/environment.ts';
import { errorMessage } from '../../errors/error-message.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { checkSource } from '../copy/copy-database.ts';

const CHECK_TIMEOUT_MS = 2000;

/** The database that a run without AWS copies. */
export interface LocalSource {
  source: DatabaseConfig;
  /** A sentence for the operator: which database this is, and why. */
  reason: string;
}

/**
 * Finds the database that a run without AWS copies: the one of the `DB_*` settings if `DB_HOST` is set, otherwise the one
 * of `npm run local`.
 * @param file the settings file that `npm run local` writes while it runs
 * @throws OperatorError when there is no such database, or when that of `npm run local` does not answer
 */
export async function findLocalSource(
  file: string,
  environment: Environment,
): Promise<LocalSource> {
  const settings = readIfExists(file);
  if (environment.DB_HOST) {
    const advice = settings === null ? '' : ' To copy that of `npm run local`, unset DB_HOST.';
    return {
      source: readDatabaseConfig(environment),
      reason: `The source is the database that DB_HOST names.${advice}`,
    };
  }
  if (settings === null)
    throw new OperatorError(
      'There is no MiniTwit to copy. Start one with `npm run local`, or set DB_HOST and the other DB_* settings.',
    );
  const source = readDatabaseConfig(dotenv.parse(settings));
  // A killed `npm run local` leaves its settings file.
  await checkSource(source, CHECK_TIMEOUT_MS).catch((error: unknown) => {
    const message = `${errorMessage(error)} (Is \`npm run local\` still running?)`;
    throw new OperatorError(message, { cause: error });
  });
  return {
    source,
    reason: 'The source is the database of `npm run local`, since DB_HOST is not set.',
  };
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

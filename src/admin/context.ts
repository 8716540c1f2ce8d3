import { readAdminConfig } from '../config/config.ts';
import type { Environment } from '../config/environment.ts';
import type { Prompt } from '../cli/prompt.ts';
import { openDatabase } from '../database/database.ts';
import { AppError } from '../errors/app-error.ts';
import { OperatorError } from '../errors/operator-error.ts';
import { createRepositories, type Repositories } from '../repositories/repositories.ts';

/** The dependencies of the program. */
export interface AdminOptions {
  /** The settings of the server. */
  environment: Environment;
  print: (line: string) => void;
  prompt: Prompt;
}

/** The database, the settings and the terminal of a command. */
export interface AdminContext extends Pick<AdminOptions, 'print' | 'prompt'> {
  repositories: Repositories;
  /** The address of the site without a slash at the end. Null if unknown. */
  siteUrl: string | null;
}

/**
 * Calls `run` with the repositories of the settings' database, and closes the database afterwards.
 * @throws OperatorError if settings are missing, if the database is not available, and in place of an AppError
 */
export async function withAdminContext(
  { environment, print, prompt }: AdminOptions,
  run: (context: AdminContext) => Promise<void>,
): Promise<void> {
  const { database: config, siteUrl } = readAdminConfig(environment);
  const database = openDatabase(config);
  try {
    await database.checkServers();
    await run({ repositories: createRepositories(database), siteUrl, print, prompt });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw new OperatorError(formatAppError(error), { cause: error });
  } finally {
    await database.end();
  }
}

/** The message of an AppError is for users of the site, so the cause of an outage is added. */
function formatAppError({ message, cause }: AppError): string {
  return cause instanceof Error ? `${message} (${cause.message})` : message;
}

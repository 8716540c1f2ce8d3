import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import dotenv from 'dotenv';
import { createRunId } from '../../cli/run-id.ts';
import { type DatabaseConfig, readDatabaseConfig } from '../../config/config.ts';
import { type PrivateMariadb, startPrivateMariadb } from '../../dev/mariadb/private-mariadb.ts';
import type { Environment } from '../../config/environment.ts';
import { errorMessage } from '../../errors/error-message.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { checkSource } from '../copy/copy-database.ts';
import { assertDiskSpace } from '../local/disk-space.ts';
import { lockFolder } from '../run/lock.ts';
import type { RunContext } from '../context.ts';

const CHECK_TIMEOUT_MS = 2000;

/** The context of a run without AWS. */
export interface LocalRunContext extends Pick<RunContext, 'folder' | 'copy' | 'signal'> {
  source: DatabaseConfig;
}

/**
 * Fills a warehouse on this machine, in a private MariaDB that runs only during this command.
 * @throws OperatorError when the disk has too little space; when MariaDB ends by itself, with the end of its log
 */
export async function runLocal({ folder, source, copy, signal }: LocalRunContext): Promise<void> {
  const lock = await lockFolder(folder);
  try {
    const id = createRunId(new Date());
    lock.setDescription(`the run ${id}`);
    await assertDiskSpace(folder, source);
    await withWarehouse(folder, ({ config, failed }) =>
      copy(config, { id, signal: AbortSignal.any([signal, failed]) }),
    );
  } finally {
    lock.release();
  }
}

async function withWarehouse(
  folder: string,
  work: (mariadb: PrivateMariadb) => Promise<unknown>,
): Promise<void> {
  const mariadb = await startPrivateMariadb(join(folder, 'mariadb'));
  try {
    await work(mariadb);
  } catch (error) {
    await mariadb.stop();
    // A failed statement can be noticed before the reason: that the server has ended, or that its disk is full.
    mariadb.failed.throwIfAborted();
    throw error;
  }
  await mariadb.stop();
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

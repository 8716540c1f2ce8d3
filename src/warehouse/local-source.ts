import { existsSync, readFileSync } from 'node:fs';
import dotenv from 'dotenv';
import { type DatabaseConfig, readDatabaseConfig } from '../config.ts';
import type { Environment } from '../environment.ts';
import { OperatorError } from '../errors.ts';

/**
 * The database that a run without AWS copies: that of `npm run local`, which keeps its settings in a file as long
 * as it runs, else the one that the environment names.
 * @throws OperatorError when there is neither
 */
export function readLocalSource(file: string, environment: Environment): DatabaseConfig {
  if (existsSync(file)) return readDatabaseConfig(dotenv.parse(readFileSync(file)));
  if (environment.DB_HOST) return readDatabaseConfig(environment);
  throw new OperatorError(
    'There is no MiniTwit to copy: start one beside this with `npm run local`, or set DB_HOST and the other DB_* settings.',
  );
}

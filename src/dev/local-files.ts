import { randomBytes } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import type { DatabaseConfig } from '../config/config.ts';
import type { Environment } from '../config/environment.ts';

/** Reads the secret that signs cookies from a file. Creates the file if it is missing. */
export async function readSessionSecret(file: string): Promise<string> {
  try {
    const secret = await readFile(file, 'utf8');
    if (secret) return secret;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const newSecret = randomBytes(32).toString('base64url');
  await writeFile(file, newSecret, { mode: 0o600 });
  return newSecret;
}

/** Writes the settings of a database to a file, where `npm run warehouse` reads them. */
export async function writeDatabaseSettings(file: string, database: DatabaseConfig): Promise<void> {
  const settings = Object.entries(toSettings(database));
  await rm(file, { force: true });
  await writeFile(
    file,
    settings.map(([name, value]) => `${name}=${value}\n`),
    { mode: 0o600 },
  );
}

/** Returns the `DB_*` settings that lead to a database without TLS. */
export function toSettings({ host, port, user, password, name }: DatabaseConfig): Environment {
  return {
    DB_HOST: host,
    DB_PORT: String(port),
    DB_USER: user,
    DB_PASSWD: password,
    DB_NAME: name,
  };
}

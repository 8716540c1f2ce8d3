import { readFile } from 'node:fs/promises';

const SCRIPT = new URL('../../../userdata/initdb.sh', import.meta.url);

/** Which database is to be set up. */
export interface InitdbScriptValues {
  region: string;
  /** The database's host name. */
  endpoint: string;
  /** The secret of RDS with the master's name and password: its ARN or name. */
  masterSecret: string;
  /** The secret with the password of MiniTwit's own user: its ARN or name. */
  databasePassword: string;
}

/**
 * `userdata/initdb.sh`, filled in: what an instance runs as root to make tables and user. It may run again, and
 * then does what is missing.
 */
export async function renderInitdbScript(setUp: InitdbScriptValues): Promise<string> {
  const values = {
    AWS_REGION: setUp.region,
    DB_HOST: setUp.endpoint,
    MASTER_SECRET: setUp.masterSecret,
    DATABASE_PASSWORD: setUp.databasePassword,
  };
  let script = await readFile(SCRIPT, 'utf8');
  for (const [name, value] of Object.entries(values)) {
    const quoted = `'${value.replaceAll("'", String.raw`'\''`)}'`;
    script = script.replace(`export ${name}=''`, () => `export ${name}=${quoted}`);
  }
  return script;
}

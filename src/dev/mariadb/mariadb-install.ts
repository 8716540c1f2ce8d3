import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { findOrUnpack } from '../programs.ts';
import { OperatorError } from '../../errors/operator-error.ts';

/**
 * Returns the path of `mariadbd`. If it is not installed, Debian's package is unpacked into the cache.
 * @throws OperatorError, with the commands that install it, or with those that use another server
 */
export function findMariadb(): string {
  return findOrUnpack(
    'mariadbd',
    'mariadb-server-core',
    (reason) => `This machine has no MariaDB, and ${reason}.
Install it:
  Debian, Ubuntu    sudo apt-get install mariadb-server-core
  Amazon Linux      sudo dnf install mariadb105-server
  macOS             brew install mariadb
Or use your own MySQL server: set DB_HOST, DB_USER, DB_PASSWD, DB_NAME and SESSION_SECRET, then run
npm run build, npm run initdb and npm start.`,
  );
}

/** Returns the options of every mariadbd process on a data folder. */
export function commonOptions(data: string): string[] {
  const isRoot = process.getuid?.() === 0;
  return ['--no-defaults', `--datadir=${data}`, ...(isRoot ? ['--user=root'] : [])];
}

/**
 * Creates a data folder with the server's system tables. After a failure the folder does not exist.
 * mariadb-install-db is not used, since it needs programs that are not in `mariadb-server-core`.
 * @throws OperatorError if mariadbd fails; an AbortError if `signal` is aborted first
 */
export async function createDataFolder(
  mariadbd: string,
  data: string,
  signal?: AbortSignal,
): Promise<void> {
  const unfinished = `${data}.new`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { mode: 0o700 });
  const sql = await readSystemTables(mariadbd);
  // A starting MariaDB deletes every `#sql*` file in its temporary folder, also those of other servers.
  const options = [...commonOptions(unfinished), `--tmpdir=${unfinished}`, '--bootstrap'];
  const bootstrap = spawn(mariadbd, options, {
    stdio: ['pipe', 'ignore', 'pipe'],
    signal,
    // The unfinished folder is deleted at the next start, so there is nothing to save.
    killSignal: 'SIGKILL',
    // Ctrl-C in the terminal does not reach a separate process group, so only `signal` stops the process.
    detached: true,
  });
  let errors = '';
  bootstrap.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  // If mariadbd ends before it has read its input, its own errors are more useful than a broken pipe.
  bootstrap.stdin.on('error', () => undefined).end(sql);
  const [status] = (await once(bootstrap, 'close')) as [number | null];
  if (status !== 0) {
    throw new OperatorError(`MariaDB could not create its files in ${unfinished}:\n${errors}`);
  }
  await rename(unfinished, data);
}

async function readSystemTables(mariadbd: string): Promise<string> {
  const share = await findShareFolder(mariadbd);
  // MariaDB 11 names these files mariadb_….
  const prefix = existsSync(join(share, 'mariadb_system_tables.sql')) ? 'mariadb' : 'mysql';
  const files = [`${prefix}_system_tables.sql`, `${prefix}_system_tables_data.sql`];
  const sql = await Promise.all(files.map((file) => readFile(join(share, file), 'utf8')));
  // With this variable, the server's root can only log in through the socket, as the system's root.
  return `create database mysql;\nuse mysql;\nset @auth_root_socket = 'root';\n${sql.join('\n')}`;
}

async function findShareFolder(mariadbd: string): Promise<string> {
  const help = spawn(mariadbd, ['--no-defaults', '--verbose', '--help'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let settings = '';
  for await (const text of help.stdout.setEncoding('utf8')) settings += text;
  const charsets = /^character-sets-dir\s+(.+)$/m.exec(settings)?.[1];
  if (!charsets)
    throw new OperatorError(
      `${mariadbd} --help does not print the folder of its files. Install another version of MariaDB.`,
    );
  return dirname(resolve(charsets));
}

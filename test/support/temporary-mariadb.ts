import type { DatabaseConfig } from '../../src/config/config.ts';
import { startPrivateMariadb } from '../../src/dev/mariadb/private-mariadb.ts';
import { createAdministrator } from './administrator.ts';
import type { Defer } from './cleanup.ts';
import { deferScript } from './cleanup-script.ts';

/** The settings of two users of a server. */
export interface Logins {
  config: DatabaseConfig;
  /** The settings of a user with all privileges. */
  administrator: DatabaseConfig;
}

// A clean stop deletes the pid file. After a crash, its process id may belong to another program.
const STOP_AND_DELETE = `
  if pid=$(cat "$1/data/mariadb.pid" 2>/dev/null) && grep -qsF "$1/data" "/proc/$pid/cmdline"; then
    kill "$pid" && while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
  fi
  rm -rf "$1"`;

/**
 * Starts a MariaDB in a folder. The cleanup stops the server and deletes the folder, also if the start fails or if this
 * process is killed.
 * @param options the options of mariadbd
 */
export async function startTemporaryMariadb(
  defer: Defer,
  folder: string,
  options: string[] = [],
): Promise<Logins> {
  deferScript(defer, STOP_AND_DELETE, folder);
  const { init, loginTo } = createAdministrator();
  const mariadb = await startPrivateMariadb(folder, { options, init });
  defer(() => mariadb.stop());
  return { config: mariadb.config, administrator: loginTo(mariadb.config) };
}

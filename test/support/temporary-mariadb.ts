import type { DatabaseConfig } from '../../src/config/config.ts';
import { startPrivateMariadb } from '../../src/dev/mariadb/private-mariadb.ts';
import { createAdministrator } from './administrator.ts';
import type { Defer } from './cleanup.ts';
import { deferScript } from './cleanup-script.ts';

/** How to log in to a server. */
export interface Logins {
  config: DatabaseConfig;
  /** The same server, as a user who may do anything there. */
  administrator: DatabaseConfig;
}

// A clean stop has deleted the file with the process id. The id of a dead server may be another program's by now.
const STOP_AND_DELETE = `
  if pid=$(cat "$1/data/mariadb.pid" 2>/dev/null) && grep -qsF "$1/data" "/proc/$pid/cmdline"; then
    kill "$pid" && while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
  fi
  rm -rf "$1"`;

/**
 * Starts a MariaDB in a folder. The server is stopped and the folder deleted at the end, also when the start fails and
 * when this process is killed.
 * @param options of mariadbd
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

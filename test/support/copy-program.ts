import { cp, mkdtemp, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Defer } from './cleanup.ts';
import { deferScript } from './cleanup-script.ts';

// The database of a killed program still runs. The process id of a stopped database may belong to another program.
const KILL_DATABASES_AND_DELETE = `
  for data in "$1"/.data/mariadb/data "$1"/.data/warehouse/mariadb/data; do
    pid=$(cat "$data/mariadb.pid" 2>/dev/null) && grep -qsF "$data" "/proc/$pid/cmdline" || continue
    kill -9 "$pid" && while kill -0 "$pid" 2>/dev/null && ! grep -qs ") Z" "/proc/$pid/stat"; do sleep 0.1; done
  done
  rm -rf "$1"`;

const FOLDERS = ['migrations', 'src', 'views', 'static', 'userdata'];

/**
 * Copies the source into a temporary folder, since programs store their data beside it. The cleanup also stops the
 * databases that its programs have started.
 * @param prefix the start of the folder's name
 */
export async function copyProgram(defer: Defer, prefix: string): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), prefix));
  deferScript(defer, KILL_DATABASES_AND_DELETE, home);
  for (const each of [...FOLDERS, 'schema.sql', 'package.json']) {
    await cp(each, join(home, each), { recursive: true });
  }
  await symlink(resolve('node_modules'), join(home, 'node_modules'));
  return home;
}

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../support/until.ts';
import { runToEnd } from './run.ts';

/** Where a system mounts control groups: version 2 alone, or version 1 with or without 2. */
export const CGROUP_MOUNTS = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified', '/sys/fs/cgroup/systemd'];

/**
 * Returns the command that runs a program in control groups of this name. Two machines in one control group would end
 * each other's services, which have the same names.
 */
export function inCgroups(name: string, command: string[]): string[] {
  const script = `
    for each in ${CGROUP_MOUNTS.join(' ')}; do
      [ ! -e $each/cgroup.procs ] || { mkdir $each/$0 && echo $$ >$each/$0/cgroup.procs; }
    done
    exec "$@"`;
  return ['sh', '-c', script, name, ...command];
}

/** Removes the control groups of a name as soon as their processes have ended. Does nothing if there are none. */
export async function removeCgroups(name: string): Promise<void> {
  const folders = CGROUP_MOUNTS.map((mount) => join(mount, name)).filter(existsSync);
  if (folders.length === 0) return;
  await until(`the control groups ${name} are empty`, async () => {
    // `rmdir` on each, the innermost first, although each shows files.
    const { status } = await runToEnd('find', ...folders, '-type', 'd', '-delete');
    return status === 0;
  });
}

/** Where a system mounts control groups: version 2 alone, or version 1 with or without 2. */
export const CGROUP_MOUNTS = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified', '/sys/fs/cgroup/systemd'];

/**
 * Returns the command that runs a program in new control groups of this name. Two machines in one control group would
 * end each other's services, which have the same names, so the program does not run if a control group cannot be
 * created.
 */
export function inCgroups(name: string, command: string[]): string[] {
  const script = `
    for each in ${CGROUP_MOUNTS.join(' ')}; do
      [ -e $each/cgroup.procs ] || continue
      mkdir $each/$0 && echo $$ >$each/$0/cgroup.procs || exit 1
    done
    exec "$@"`;
  return ['sh', '-c', script, name, ...command];
}

/**
 * Returns shell that kills the processes in the control groups of this name, and removes these. It exits with status 1
 * if a control group is still there after a minute.
 */
export function removeCgroups(name: string): string {
  return `
    for each in ${CGROUP_MOUNTS.map((mount) => `${mount}/${name}`).join(' ')}; do
      for _ in $(seq 3000); do
        [ -e $each ] || break
        find $each -name cgroup.procs -exec cat {} + 2>/dev/null | grep -v '^0$' |
          xargs --no-run-if-empty kill -KILL 2>/dev/null
        # -delete only calls rmdir here, the innermost directory first, although control groups contain files.
        find $each -type d -delete 2>/dev/null || sleep 0.02
      done
      [ ! -e $each ] || { echo "$each cannot be removed." >&2; exit 1; }
    done`;
}

import { existsSync, readFileSync } from 'node:fs';

/**
 * Tells whether a process runs. A zombie does not: where the first process of a container is no init, what has ended
 * stays in the process table.
 */
export function isRunning(pid: number): boolean {
  try {
    // `PID (name) state …`, where the name may hold anything
    if (existsSync('/proc/self/stat')) {
      return !/\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    }
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

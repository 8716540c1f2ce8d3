import { existsSync, readFileSync } from 'node:fs';

/**
 * Returns whether a process runs. Returns false for a zombie: in a container without an init process, an orphan that
 * has ended stays in the process table.
 */
export function isRunning(pid: number): boolean {
  try {
    // The format is `PID (name) state …`, and the name may contain any character.
    if (existsSync('/proc/self/stat')) {
      return !/\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    }
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

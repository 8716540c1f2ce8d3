import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Defer } from './cleanup.ts';

/**
 * Registers a shell script as a cleanup for resources that outlive a killed process, such as mounts and containers. The
 * script also runs if this process is killed before the cleanup.
 * @param parameters `$1` and so on
 */
export function deferScript(defer: Defer, script: string, ...parameters: string[]): void {
  // When this process ends, the system closes the input of `cat`. The shell is detached, so it does not get the
  // terminal's signals.
  const shell = spawn('sh', ['-c', `cat >/dev/null\n${script}`, 'cleanup', ...parameters], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  for (const stream of [shell.stdout, shell.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const closed = once(shell, 'close');
  defer(async () => {
    shell.stdin.end();
    const [status] = await closed;
    if (status !== 0) throw new Error(`A cleanup script failed:\n${script}\n${output}`);
  });
}

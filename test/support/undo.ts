import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { AtEnd } from './at-end.ts';

/**
 * Registers a shell script for the end: what undoes a mount, a device or a container, which would outlive a killed
 * process. The script runs also when this process dies before the end, as by Ctrl-C.
 * @param parameters `$1` and so on
 */
export function undoAtEnd(atEnd: AtEnd, script: string, ...parameters: string[]): void {
  // The system closes the input of `cat` with this process. Detached, the shell does not hear the terminal's signals.
  const shell = spawn('sh', ['-c', `cat >/dev/null\n${script}`, 'undo', ...parameters], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  for (const stream of [shell.stdout, shell.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const closed = once(shell, 'close');
  atEnd(async () => {
    shell.stdin.end();
    const [status] = await closed;
    if (status !== 0) throw new Error(`Something could not be undone:\n${script}\n${output}`);
  });
}

import { once } from 'node:events';
import { OperatorError } from '../errors/operator-error.ts';
import type { ServerProcess } from './server-process.ts';

/**
 * Runs a server until `signal` is aborted.
 * @returns its exit status when it ends before that; else null
 * @throws OperatorError when something else killed it
 */
export async function runServer(
  start: () => ServerProcess,
  signal: AbortSignal,
): Promise<number | null> {
  if (signal.aborted) return null;
  const server = start();
  signal.addEventListener('abort', server.stop);
  const status = await server.ended;
  if (signal.aborted) return null;
  if (status === null)
    throw new OperatorError('The server was killed by a signal. Start it again.');
  return status;
}

/**
 * Runs a server until `signal` is aborted, and starts it again after each change. When it ends by itself, because of a
 * syntax error for example, it starts again after the next change.
 * @param waitForChange resolves with the path of the next file that changes
 */
export async function runServerWithRestarts(
  start: () => ServerProcess,
  waitForChange: () => Promise<string>,
  signal: AbortSignal,
): Promise<void> {
  const aborted = once(signal, 'abort').then(() => null);
  while (!signal.aborted) {
    // Before the start: what changes while the server reads its files makes it start again.
    const interrupted = Promise.race([aborted, waitForChange()]);
    const server = start();
    try {
      const hasEnded = await Promise.race([
        server.ended.then(() => true),
        interrupted.then(() => false),
      ]);
      if (hasEnded && !signal.aborted) {
        console.error('The server has ended. It starts again after the next change.');
      }
      const file = await interrupted;
      if (file !== null) console.log(`Restarting the server: ${file} has changed.`);
    } finally {
      // Also when the folders cannot be watched: the server must not outlive its database.
      server.stop();
      await server.ended;
    }
  }
}

import { once } from 'node:events';
import { OperatorError } from '../errors/operator-error.ts';
import type { ServerProcess } from './server-process.ts';

/**
 * Runs a server until `signal` is aborted.
 * @returns the exit status if the server ends before that, otherwise null
 * @throws OperatorError if another process kills the server
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
 * Runs a server until `signal` is aborted, and restarts it after each change. A server that ends, for example because
 * of a syntax error, is also restarted after the next change.
 * @param waitForChange resolves with the path of the next file that changes
 */
export async function runServerWithRestarts(
  start: () => ServerProcess,
  waitForChange: () => Promise<string>,
  signal: AbortSignal,
): Promise<void> {
  const aborted = once(signal, 'abort').then(() => null);
  while (!signal.aborted) {
    // Watching begins before the start, since a file may change while the server reads it.
    const interrupted = Promise.race([aborted, waitForChange()]);
    const server = start();
    try {
      const hasEnded = await Promise.race([
        server.ended.then(() => true),
        interrupted.then(() => false),
      ]);
      if (hasEnded && !signal.aborted) {
        console.error('The server has ended. It will restart after the next change.');
      }
      const file = await interrupted;
      if (file !== null) console.log(`Restarting the server: ${file} has changed.`);
    } finally {
      // If the folders cannot be watched, the server must not outlive its database either.
      server.stop();
      await server.ended;
    }
  }
}

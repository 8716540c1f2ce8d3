import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { relative } from 'node:path';
import { OperatorError } from '../errors/operator-error.ts';

const RESPONSE_WAIT_MAX_MS = 2000;

/** The lock that this process holds. */
export interface InstanceLock {
  /** Sets the text that other processes print if they fail to acquire the lock. */
  setDescription: (description: string) => void;
  release: () => void;
}

/**
 * Acquires a lock that only one process can hold at a time. The lock is a listening Unix socket, which the system
 * closes when the process ends, even if it is killed. A process that connects to the socket reads the owner's
 * description. If the owner was killed and two processes start at the same moment, both can acquire the lock.
 * @param program names the owner in the error's message
 * @throws OperatorError if another process holds the lock
 */
export async function acquireLock(socket: string, program = 'MiniTwit'): Promise<InstanceLock> {
  // The path is relative, since the path of a socket must be short.
  const path = relative(process.cwd(), socket);
  let description = 'starting';
  // A client may have disconnected before the response.
  const server = createServer((client) => client.on('error', () => undefined).end(description));
  try {
    await once(server.listen(path), 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    const owner = await readDescription(path);
    if (owner !== null)
      throw new OperatorError(
        `${program} is already running in this folder (${owner}). Stop it, or wait until it has ended.`,
      );
    // The owner was killed.
    await rm(path);
    await once(server.listen(path), 'listening');
  }
  return { setDescription: (text) => (description = text), release: () => server.close() };
}

/** Returns the description from the process that listens on a socket, or null if no process does. */
async function readDescription(path: string): Promise<string | null> {
  const connection = connect(path).setEncoding('utf8');
  // `push(null)` ends the loop even if the owner hangs.
  connection.setTimeout(RESPONSE_WAIT_MAX_MS, () => connection.push(null));
  let text = '';
  try {
    for await (const chunk of connection) text += chunk;
    return text || 'not responding';
  } catch {
    return null;
  }
}

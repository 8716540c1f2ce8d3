import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { relative } from 'node:path';
import { OperatorError } from '../errors/operator-error.ts';

const ANSWER_MAX_MS = 2000;

/** That this process, and no other, works here. */
export interface InstanceLock {
  /** What to tell others who want it. */
  setDescription: (url: string) => void;
  /** Gives it up, before the process ends. */
  release: () => void;
}

/**
 * Keeps a second MiniTwit from working where this socket is. The claim is the socket, which the system
 * takes from us however we end; whoever connects to it reads where MiniTwit is. (Two that start in the
 * same moment, after one that was killed, can still miss each other.)
 * @param who what works here, for the message
 * @throws OperatorError when another one works here
 */
export async function acquireLock(socket: string, who = 'MiniTwit'): Promise<InstanceLock> {
  // relative, since a socket's path must be short
  const path = relative(process.cwd(), socket);
  let url = 'it is starting';
  // whoever asks may be gone before the answer
  const claim = createServer((asker) => asker.on('error', () => undefined).end(url));
  try {
    await once(claim.listen(path), 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    const owner = await readFrom(path);
    if (owner !== null) throw new OperatorError(`${who} is already running here: ${owner}`);
    // left behind by a process that was killed
    await rm(path);
    await once(claim.listen(path), 'listening');
  }
  return { setDescription: (newUrl) => (url = newUrl), release: () => claim.close() };
}

/** What the process that listens on a socket has to say; null when there is none. */
async function readFrom(path: string): Promise<string | null> {
  const connection = connect(path).setEncoding('utf8');
  // `push(null)` ends the reading, whatever the other side does
  connection.setTimeout(ANSWER_MAX_MS, () => connection.push(null));
  let text = '';
  try {
    for await (const chunk of connection) text += chunk;
    return text || 'it does not answer';
  } catch {
    return null;
  }
}

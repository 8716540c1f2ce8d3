import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { OperatorError } from '../errors/operator-error.ts';

// Linux assigns higher ports to outgoing connections.
const PORTS = { first: 20_000, last: 32_000, attempts: 100 };

/**
 * Returns a random loopback port on which no server listens. Linux never assigns it to an outgoing connection, so
 * only a server that starts at the same moment can take it.
 * @throws OperatorError if many random ports are all in use
 */
export async function findFreePort(): Promise<number> {
  for (let attempt = 1; attempt <= PORTS.attempts; attempt++) {
    const port = randomInt(PORTS.first, PORTS.last);
    if (await isFree(port)) return port;
  }
  throw new OperatorError(
    `Found no free port from ${PORTS.first} to ${PORTS.last} on 127.0.0.1. Stop some servers, then try again.`,
  );
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer().listen(port, '127.0.0.1');
  try {
    await once(probe, 'listening');
  } catch {
    return false;
  }
  probe.close();
  await once(probe, 'close');
  return true;
}

import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { OperatorError } from '../errors/operator-error.ts';

// Below the ports that Linux gives to clients.
const PORTS = { first: 20_000, last: 32_000, attempts: 100 };

/**
 * Returns a random loopback port on which nothing listens at this moment. Linux gives no client such a port, so only another
 * server that starts in the same moment can take it.
 * @throws OperatorError after many ports that are all in use
 */
export async function findFreePort(): Promise<number> {
  for (let attempt = 1; attempt <= PORTS.attempts; attempt++) {
    const port = randomInt(PORTS.first, PORTS.last);
    if (await isFree(port)) return port;
  }
  throw new OperatorError(`No port from ${PORTS.first} to ${PORTS.last} of 127.0.0.1 is free.`);
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

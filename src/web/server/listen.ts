import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { OperatorError } from '../../errors/operator-error.ts';

/**
 * Starts listening. Returns the port, which the system chooses if `port` is 0.
 * @throws OperatorError that names the setting to change if the server cannot listen on the port
 */
export async function listen(
  server: Server,
  { host, port, setting }: { host: string; port: number; setting: string },
): Promise<number> {
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reason = code === 'EADDRINUSE' ? 'another program uses the port' : code;
    throw new OperatorError(
      `Cannot listen on port ${port} of ${host}: ${reason}. Set ${setting} to another port.`,
    );
  }
  return (server.address() as AddressInfo).port;
}

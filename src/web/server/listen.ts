import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { OperatorError } from '../../errors/operator-error.ts';

/**
 * Makes a server listen; gives the port, which the system chose where 0 was asked for.
 * @throws OperatorError that names the setting to change when the port cannot be had
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
    const reason = code === 'EADDRINUSE' ? 'something else uses it' : code;
    throw new OperatorError(
      `Cannot listen on port ${port} of ${host}: ${reason}. Set ${setting} to another.`,
    );
  }
  return (server.address() as AddressInfo).port;
}

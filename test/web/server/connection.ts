import { once } from 'node:events';
import type { RequestListener, Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { createHttpServer, type HttpServer } from '../../../src/web/server/http-server.ts';
import { listen } from '../../support/listen.ts';

/** A request, which a connection sends as these bytes. */
export const REQUEST = 'GET / HTTP/1.1\r\nHost: minitwit\r\n\r\n';

/** Serves requests until the end of the test. */
export async function serve(handler: RequestListener): Promise<HttpServer> {
  const { server, drain } = createHttpServer(handler, { trustProxy: 0 });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await listen(server);
  return { server, drain };
}

/** Opens a connection, and collects the data that it receives, until the end of the test. */
export async function open(server: Server, localAddress = '127.0.0.1') {
  const { port } = server.address() as AddressInfo;
  const socket: Socket = connect({ port, host: '127.0.0.1', localAddress });
  socket.on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  const received = { text: '', isClosed: false };
  socket.on('data', (chunk) => (received.text += String(chunk)));
  socket.once('close', () => (received.isClosed = true));
  await once(socket, 'connect');
  return { socket, received };
}

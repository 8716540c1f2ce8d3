import { createServer, type RequestListener, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { Connection } from './connection.ts';
import { limitConnectionsPerAddress } from './connection-limit.ts';
import { createDrain, type Drain } from './drain.ts';

const HTTP_LIMITS = {
  // This timeout must exceed the idle timeout of the load balancer (60 s on AWS). If this server closed an idle
  // connection first, the load balancer's next request would fail.
  keepAliveTimeout: 65_000,
  headersTimeout: 15_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 5000,
  maxHeaderSize: 16 * 1024,
};
const CONNECTIONS_MAX = 4000;
// Enough for several hundred people behind one address, whose browsers open six connections each.
const CONNECTIONS_PER_ADDRESS_MAX = 2000;

/** A server with its graceful shutdown. */
export interface HttpServer {
  server: Server;
  drain: Drain;
}

/**
 * Creates a server that bounds the resources of each client: the duration of requests and responses, the size of
 * headers, the connections of one address, and the concurrent requests of one connection, which are handled one after
 * another.
 * @param options.trustProxy with 1 or more, all connections come from a proxy, which must limit those of each client
 *   address
 */
export function createHttpServer(
  handler: RequestListener,
  { trustProxy }: { trustProxy: number },
): HttpServer {
  const connections = new Map<Socket, Connection>();
  const server = createServer(HTTP_LIMITS, ({ socket }, response) =>
    connections.get(socket)?.receive(response),
  );
  server.maxConnections = CONNECTIONS_MAX;
  if (trustProxy === 0) limitConnectionsPerAddress(server, CONNECTIONS_PER_ADDRESS_MAX);
  server.on('connection', (socket) => {
    connections.set(socket, new Connection(socket, handler));
    socket.once('close', () => connections.delete(socket));
  });
  return { server, drain: createDrain(server, connections) };
}

import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { limitConnectionsPerAddress } from './connection-limit.ts';

const HTTP_LIMITS = {
  // This timeout must exceed the idle timeout of the load balancer (60 s on AWS). If this server closed an idle
  // connection first, the load balancer's next request would fail.
  keepAliveTimeout: 65_000,
  headersTimeout: 15_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 5000,
  maxHeaderSize: 16 * 1024,
};
/**
 * From the headers of a request to the last byte of its response. A typical page needs 1 KB/s, and the largest (484 KB)
 * 9 KB/s. A response in several pieces has this time for each of them.
 */
const RESPONSE_MAX_MS = 60_000;
const CONNECTIONS_MAX = 4000;
// Enough for several hundred people behind one address, whose browsers open six connections each.
const CONNECTIONS_PER_ADDRESS_MAX = 2000;
/** Unanswered requests of one connection. */
const PIPELINED_MAX = 16;

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
): Server {
  const server = createServer(HTTP_LIMITS, serializeRequests(limitResponseTime(handler)));
  server.maxConnections = CONNECTIONS_MAX;
  if (trustProxy === 0) limitConnectionsPerAddress(server, CONNECTIONS_PER_ADDRESS_MAX);
  return server;
}

/** Closes the connection of a client that does not read a response, or a piece of it, within `RESPONSE_MAX_MS`. */
function limitResponseTime(handler: RequestListener): RequestListener {
  return (req, res) => {
    const timer = setTimeout(() => req.socket.destroy(), RESPONSE_MAX_MS);
    // The client has read what was written, and a further piece follows.
    res.on('drain', () => timer.refresh());
    res.once('close', () => clearTimeout(timer));
    handler(req, res);
  };
}

/**
 * Handles the requests of each connection one after another. Node emits all pipelined requests at once, so a client
 * that reads no response could start any number of requests.
 */
function serializeRequests(handler: RequestListener): RequestListener {
  const queues = new WeakMap<Socket, (() => void)[]>();
  return (req, res: ServerResponse) => {
    const { socket } = req;
    const queue = queues.get(socket) ?? [];
    queues.set(socket, queue);
    if (queue.length >= PIPELINED_MAX) {
      socket.destroy();
      return;
    }
    queue.push(() => handler(req, res));
    res.once('close', () => {
      queue.shift();
      if (!socket.destroyed) queue[0]?.();
    });
    if (queue.length === 1) queue[0]?.();
  };
}

import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { limitConnectionsPerAddress } from './connection-limit.ts';

const HTTP_LIMITS = {
  // A load balancer keeps an idle connection for less time than this (60 s on AWS). If this server closed it first, the
  // balancer's next request would fail.
  keepAliveTimeout: 65_000,
  headersTimeout: 15_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 5000,
  maxHeaderSize: 16 * 1024,
};
/** From a request's headers to the last byte of its answer. A usual page arrives in time at 1 KB/s, the largest (484 KB) at 9 KB/s. */
const RESPONSE_MAX_MS = 60_000;
const CONNECTIONS_MAX = 4000;
// Several hundred people behind one address, with the six connections that a browser opens.
const CONNECTIONS_PER_ADDRESS_MAX = 2000;
/** Requests that a client has sent on one connection before it had the answer to the first. */
const PIPELINED_MAX = 16;

/**
 * Creates a server that bounds what one client can take: the time of requests and answers, the size of headers, the
 * connections of one address, and one request of a connection at a time.
 * @param options.trustProxy with 1 or more, all connections come from a load balancer, which has to bound those of an address
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

/** Closes the connection of a client that has not read its whole answer in time. */
function limitResponseTime(handler: RequestListener): RequestListener {
  return (req, res) => {
    const timer = setTimeout(() => req.socket.destroy(), RESPONSE_MAX_MS);
    res.once('close', () => clearTimeout(timer));
    handler(req, res);
  };
}

/**
 * Handles the requests of each connection one after another. Node would hand all requests over that a client pipelines, and a
 * client that reads none of the answers could have any number of requests at work.
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

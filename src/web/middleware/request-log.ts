import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Request, Response } from 'express';
import type { Logger } from 'pino';
import { findClientAddress } from './client-key.ts';
import { currentUser } from './current-user.ts';
import { routePath } from './route-path.ts';

declare module 'node:http' {
  interface IncomingMessage {
    /** The id of this request in the log and in `X-Request-Id`. */
    id: string;
    /** Logs what happens in this request. */
    log: RequestLog;
  }
}

declare global {
  namespace Express {
    interface Response {
      /** The error of a response with the status 500 or more, for the log. */
      err?: Error;
    }
  }
}

const HEALTH_CHECKS = new Set<string | null>(['/healthz', '/readyz']);

/** The log of one request. Each line has the request's id, method, path and client address. */
export class RequestLog {
  readonly #logger: Logger;
  readonly #req: { id: string; method: string; path: string; address: string };
  readonly #startedAtMs = performance.now();

  constructor({ id, method = '', url = '', clientAddress }: IncomingMessage, logger: Logger) {
    this.#logger = logger;
    // The connection has no address after it is closed.
    this.#req = { id, method, path: loggedPath(url), address: clientAddress };
  }

  info(details: object, message: string): void {
    this.#logger.info({ req: this.#req, ...details }, message);
  }

  warn(details: object, message: string): void {
    this.#logger.warn({ req: this.#req, ...details }, message);
  }

  error(details: object, message: string): void {
    this.#logger.error({ req: this.#req, ...details }, message);
  }

  /** Logs the line of a response that has ended, or whose client has disconnected. */
  logResponse(req: Request, { statusCode, err, locals, writableEnded }: Response): void {
    const route = routePath(req);
    const originMismatch = (locals as Response['locals'] | undefined)?.originMismatch;
    const isFailure = statusCode >= 500;
    this.#logger[findLevel(route, isFailure, originMismatch !== undefined)](
      {
        req: this.#req,
        route,
        userId: currentUser(req)?.userId,
        originMismatch,
        res: { statusCode },
        err: isFailure ? (err ?? new Error(`failed with status code ${statusCode}`)) : undefined,
        responseTime: Math.round(performance.now() - this.#startedAtMs),
      },
      writableEnded ? (isFailure ? 'request errored' : 'request completed') : 'request aborted',
    );
  }
}

/**
 * Returns a function that sets the id, the client address and the log of a request, and logs a line after the response:
 * method, path, client address, route, user, status and duration, but no query, header, cookie or form. The level is
 * `debug` for health checks, `error` for a status of 500 or more, `warn` for a request whose refusal a proxy may have
 * caused, and otherwise `info`.
 */
export function createRequestLog(
  logger: Logger,
  { trustProxy }: { trustProxy: number },
): (req: IncomingMessage, res: ServerResponse) => void {
  return (req, res) => {
    req.id = (trustProxy > 0 ? findProxyId(req) : null) ?? randomUUID();
    req.clientAddress = findClientAddress(req, trustProxy);
    req.log = new RequestLog(req, logger);
    res.on('close', logResponse);
    res.on('error', logError);
  };
}

// These functions are the same for all requests.
function logResponse(this: ServerResponse): void {
  const { req } = this;
  req.log.logResponse(req as Request, this as Response);
}

/** Logs an error of a response. Without a listener, it would end the process. */
function logError(this: ServerResponse, err: Error): void {
  this.req.log.error({ err }, 'A response could not be written.');
}

function findLevel(route: string | null, isFailure: boolean, isSuspect: boolean) {
  if (HEALTH_CHECKS.has(route)) return 'debug';
  if (isFailure) return 'error';
  return isSuspect ? 'warn' : 'info';
}

// The paths of the links in mails.
// A client may send a complete URL instead of a path.
const TOKEN_PATH = /(\/(?:reset_password|confirm_email)\/).+/;

/** Returns the path of a URL, without the token of a link. */
function loggedPath(url: string): string {
  // The query may contain a form that was sent by GET.
  const query = url.indexOf('?');
  return (query === -1 ? url : url.slice(0, query)).replace(TOKEN_PATH, '$1…');
}

/**
 * Returns the id that a trusted proxy set, so that its log lines can be matched with those of MiniTwit. Returns null
 * without one. AWS's load balancer forwards a `Root` of the client, and then adds its own id as `Self`.
 */
function findProxyId({ headers }: IncomingMessage): string | null {
  const trace = String(headers['x-amzn-trace-id'] ?? '');
  const own = /(?:^|;) *Self=([\w-]{1,64})(?:;|$)/.exec(trace)?.[1];
  const root = /(?:^|;) *Root=([\w-]{1,64})(?:;|$)/.exec(trace)?.[1];
  const id = own ?? root ?? String(headers['x-request-id'] ?? '');
  return /^[\w-]{1,64}$/.test(id) ? id : null;
}

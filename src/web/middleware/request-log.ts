import { randomUUID } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import { pinoHttp } from 'pino-http';
import { fullClientAddress } from './client-key.ts';
import { currentUser } from './current-user.ts';
import { routePath } from './route-path.ts';
import { isFromTrustedProxy } from './trusted-proxy.ts';

const HEALTH_CHECKS = new Set(['/healthz', '/readyz']);

/** A request in the form that pino-http passes to a serializer. */
interface LoggedRequest {
  id: string;
  method: string;
  url: string;
  raw: Request;
}

/**
 * Returns middleware that sets an id for each request, `req.id` and `X-Request-Id`, and logs a line after the response:
 * method, path, client address, route, user, status and duration, but no query, header, cookie or form. The level is
 * `debug` for health checks, `error` for a status of 500 or more, `warn` for a request whose refusal a proxy may have
 * caused, and otherwise `info`.
 */
export function logRequests(logger: Logger): RequestHandler {
  const more = (req: Request, { locals }: Response) => ({
    route: routePath(req),
    userId: currentUser(req)?.userId,
    ...(locals.originMismatch && { originMismatch: locals.originMismatch }),
  });
  return pinoHttp<Request, Response>({
    logger,
    genReqId: (req, res) => {
      const id = findProxyId(req) ?? randomUUID();
      res.setHeader('X-Request-Id', id);
      return id;
    },
    customLogLevel: (req, res) => {
      if (HEALTH_CHECKS.has(req.path)) return 'debug';
      if (res.statusCode >= 500) return 'error';
      return res.locals.originMismatch ? 'warn' : 'info';
    },
    customSuccessObject: (req, res, line: object) => ({ ...line, ...more(req, res) }),
    customErrorObject: (req, res, _error, line: object) => ({ ...line, ...more(req, res) }),
    serializers: {
      // pino-http calls this serializer when the request arrives, while the connection still has an address.
      req: ({ id, method, url, raw }: LoggedRequest) => ({
        id,
        method,
        path: loggedPath(url),
        address: fullClientAddress(raw),
      }),
      res: ({ statusCode }: { statusCode: number }) => ({ statusCode }),
    },
  });
}

// The paths of the links in mails.
// A client may send a complete URL instead of a path.
const TOKEN_PATH = /(\/(?:reset_password|confirm_email)\/).+/;

/** Returns the path of a URL, without the token of a link. */
function loggedPath(url: string): string {
  // The query may contain a form that was sent by GET.
  const [path = ''] = url.split('?', 1);
  return path.replace(TOKEN_PATH, '$1…');
}

/**
 * Returns the id that a trusted proxy set, so that its log lines can be matched with those of MiniTwit. Returns null
 * without one. AWS's load balancer forwards a `Root` of the client, and then adds its own id as `Self`.
 */
function findProxyId(req: Request): string | null {
  if (!isFromTrustedProxy(req)) return null;
  const trace = req.get('x-amzn-trace-id') ?? '';
  const own = /(?:^|;) *Self=([\w-]{1,64})(?:;|$)/.exec(trace)?.[1];
  const root = /(?:^|;) *Root=([\w-]{1,64})(?:;|$)/.exec(trace)?.[1];
  const id = own ?? root ?? req.get('x-request-id') ?? '';
  return /^[\w-]{1,64}$/.test(id) ? id : null;
}

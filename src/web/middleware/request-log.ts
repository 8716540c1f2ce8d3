import { randomUUID } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import { pinoHttp } from 'pino-http';
import { fullClientAddress } from './client-address.ts';
import { currentUser } from './current-user.ts';
import { routePath } from './route-path.ts';
import { isFromTrustedProxy } from './trusted-proxy.ts';

const HEALTH_CHECKS = new Set(['/healthz', '/readyz']);

/** A request, as pino-http hands it to a serializer. */
interface LoggedRequest {
  id: string;
  method: string;
  url: string;
  raw: Request;
}

/**
 * Gives each request an id, `req.id`, which the answer carries in `X-Request-Id`, and logs a line when it
 * has been answered: method, path, client address, route, user, status and duration, but no query, header,
 * cookie or form. Health checks are logged at the level `debug` alone, and a refusal that a proxy may have caused at
 * `warn`, with the hosts that differ.
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
      const id = givenId(req) ?? randomUUID();
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
      // Runs when the request comes, while its connection still has an address.
      req: ({ id, method, url, raw }: LoggedRequest) => ({
        id,
        method,
        // a form that was sent by GET would stand behind it
        path: url.split('?', 1)[0],
        address: fullClientAddress(raw),
      }),
      res: ({ statusCode }: { statusCode: number }) => ({ statusCode }),
    },
  });
}

/**
 * Returns the id that a trusted proxy gave a request, so that its log and ours can be put together; null if it gave none.
 * AWS's load balancer passes on a `Root` that the client sent, and then adds its own id as `Self`.
 */
function givenId(req: Request): string | null {
  if (!isFromTrustedProxy(req)) return null;
  const trace = req.get('x-amzn-trace-id') ?? '';
  const own = /(?:^|;) *Self=([\w-]{1,64})(?:;|$)/.exec(trace)?.[1];
  const root = /(?:^|;) *Root=([\w-]{1,64})(?:;|$)/.exec(trace)?.[1];
  const id = own ?? root ?? req.get('x-request-id') ?? '';
  return /^[\w-]{1,64}$/.test(id) ? id : null;
}

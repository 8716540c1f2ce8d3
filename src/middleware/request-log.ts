import { randomUUID } from 'node:crypto';
import type { Request, RequestHandler } from 'express';
import type { Logger } from 'pino';
import { pinoHttp } from 'pino-http';
import { fullClientAddress } from './client-address.ts';
import { currentUser } from './current-user.ts';
import { routeOf } from './route-of.ts';

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
 * cookie or form. Health checks are logged at the level `debug` alone.
 */
export function logRequests(logger: Logger): RequestHandler {
  const more = (req: Request) => ({ route: routeOf(req), userId: currentUser(req)?.userId });
  return pinoHttp<Request>({
    logger,
    genReqId: (req, res) => {
      const id = givenId(req) ?? randomUUID();
      res.setHeader('X-Request-Id', id);
      return id;
    },
    customLogLevel: (req, res) => {
      if (HEALTH_CHECKS.has(req.path)) return 'debug';
      return res.statusCode >= 500 ? 'error' : 'info';
    },
    customSuccessObject: (req, _res, line: object) => ({ ...line, ...more(req) }),
    customErrorObject: (req, _res, _error, line: object) => ({ ...line, ...more(req) }),
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

/** The id that a load balancer gave a request, so that its log and ours can be put together. */
function givenId(req: Request): string | null {
  const root = /(?:^|;)Root=([\w-]{1,64})(?:;|$)/.exec(req.get('x-amzn-trace-id') ?? '')?.[1];
  const id = root ?? req.get('x-request-id') ?? '';
  return /^[\w-]{1,64}$/.test(id) ? id : null;
}

import type { RequestHandler } from 'express';
import type { Logger } from 'pino';
import { createRequestLog } from '../../src/web/middleware/request-log.ts';

/** Returns middleware that does what the application does first with each request. */
export function logRequests(logger: Logger, trustProxy = 0): RequestHandler {
  const logRequest = createRequestLog(logger, { trustProxy });
  return (req, res, next) => {
    logRequest(req, res);
    next();
  };
}

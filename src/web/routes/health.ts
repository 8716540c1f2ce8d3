import { setTimeout as sleep } from 'node:timers/promises';
import type { IRouter, RequestHandler } from 'express';
import type { Config } from '../../config/config.ts';
import { methodNotAllowed } from '../middleware/errors.ts';

const READINESS_TIMEOUT_MS = 2000;

/** Returns whether this process can serve requests. */
export type Readiness = () => Promise<boolean>;

/**
 * Adds the health checks. `/healthz` returns 200 as long as the process runs, also without a database, because a
 * restart would not repair the database. `/readyz` returns 200 or 503, so that a load balancer sends requests to
 * ready processes only. A forwarded request matches neither: the checks have no limits, so they are not for clients.
 */
export function addHealthRoutes(
  app: IRouter,
  isReady: Readiness,
  { trustProxy }: Pick<Config, 'trustProxy'>,
): void {
  // A proxy's own check has no X-Forwarded-For. Rules of proxies by path alone miss `/readyz#x` and `http://x/readyz`.
  const skipForwarded: RequestHandler = (req, _res, next) => {
    const isForwarded = trustProxy > 0 && req.headers['x-forwarded-for'] !== undefined;
    next(isForwarded ? 'route' : undefined);
  };

  app
    .route('/healthz')
    .all(skipForwarded, setTextHeaders)
    .get((_req, res) => {
      res.send('alive\n');
    })
    .all(methodNotAllowed);

  app
    .route('/readyz')
    .all(skipForwarded, setTextHeaders)
    .get(async (_req, res) => {
      const timeout = sleep(READINESS_TIMEOUT_MS, false, { ref: false });
      if (await Promise.race([isReady(), timeout])) res.send('ready\n');
      else res.status(503).send('not ready\n');
    })
    .all(methodNotAllowed);
}

const setTextHeaders: RequestHandler = (_req, res, next) => {
  res.set('Cache-Control', 'no-store').type('text');
  next();
};

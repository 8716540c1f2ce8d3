import { setTimeout as sleep } from 'node:timers/promises';
import type { IRouter, RequestHandler } from 'express';
import { methodNotAllowed } from '../middleware/errors.ts';

const READY_MAX_MS = 2000;

/** Tells whether this process should be sent requests. */
export type Readiness = () => Promise<boolean>;

/**
 * What load balancers and supervisors ask. `/healthz`: the process lives; it asks no database, since
 * to restart the process would not mend one. `/readyz`: 200 or 503, whether requests can be served.
 */
export function addHealthRoutes(app: IRouter, isReady: Readiness): void {
  app
    .route('/healthz')
    .all(answerInText)
    .get((_req, res) => {
      res.send('alive\n');
    })
    .all(methodNotAllowed);

  app
    .route('/readyz')
    .all(answerInText)
    .get(async (_req, res) => {
      const isLate = sleep(READY_MAX_MS, false, { ref: false });
      if (await Promise.race([isReady(), isLate])) res.send('ready\n');
      else res.status(503).send('not ready\n');
    })
    .all(methodNotAllowed);
}

const answerInText: RequestHandler = (_req, res, next) => {
  res.set('Cache-Control', 'no-store').type('text');
  next();
};

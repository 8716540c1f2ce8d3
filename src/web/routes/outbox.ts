import type { IRouter } from 'express';
import type { Outbox } from '../../repositories/outbox.ts';
import { methodNotAllowed } from '../middleware/errors.ts';

/** Adds `/outbox`, the mails of `npm run local`. Everyone can read it, so it exists only if no mail is sent. */
export function addOutboxRoute(app: IRouter, outbox: Outbox): void {
  app
    .route('/outbox')
    .get(async (_req, res) => {
      res.render('outbox.html', { mails: await outbox.listOutbox() });
    })
    .all(methodNotAllowed);
}

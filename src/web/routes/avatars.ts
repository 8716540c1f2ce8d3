import type { IRouter } from 'express';
import { requireUsername } from '../forms/username.ts';
import { methodNotAllowed } from '../middleware/errors.ts';
import { drawIdenticon } from '../presentation/avatars.ts';

/** Adds `/avatars/USERNAME`, the picture of a username. The user need not exist. */
export function addAvatarRoutes(app: IRouter): void {
  app
    .route('/avatars/:username')
    .get((req, res) => {
      const username = requireUsername(req.params.username);
      res.set('Cache-Control', 'public, max-age=31536000, immutable');
      res.type('svg').send(drawIdenticon(username));
    })
    .all(methodNotAllowed);
}

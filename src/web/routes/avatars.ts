import type { IRouter } from 'express';
import { AppError } from '../../errors/app-error.ts';
import { parseUsername } from '../forms/username.ts';
import { methodNotAllowed } from '../middleware/errors.ts';
import { drawIdenticon } from '../presentation/avatars.ts';

/** `GET /avatars/NAME`: the picture that goes with a name, whether or not somebody has it. */
export function addAvatarRoutes(app: IRouter): void {
  app
    .route('/avatars/:username')
    .get((req, res) => {
      const username = parseUsername(req.params.username);
      if (username === null) throw new AppError('not_found', 'No user has such a long name.');
      res.set('Cache-Control', 'public, max-age=31536000, immutable');
      res.type('svg').send(drawIdenticon(username));
    })
    .all(methodNotAllowed);
}

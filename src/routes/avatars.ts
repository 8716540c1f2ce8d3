import type { IRouter } from 'express';
import { AppError } from '../errors.ts';
import { normalizeUsername, USERNAME_MAX_LENGTH } from '../forms/username.ts';
import { methodNotAllowed } from '../middleware/errors.ts';
import { drawIdenticon } from '../presentation/avatars.ts';

/** `GET /avatars/NAME`: the picture that goes with a name, whether or not somebody has it. */
export function addAvatarRoutes(app: IRouter): void {
  app
    .route('/avatars/:username')
    .get((req, res) => {
      const username = normalizeUsername(req.params.username);
      if (Array.from(username).length > USERNAME_MAX_LENGTH) {
        throw new AppError('not_found', 'Nobody has such a long name.');
      }
      res.set('Cache-Control', 'public, max-age=31536000, immutable');
      res.type('svg').send(drawIdenticon(username));
    })
    .all(methodNotAllowed);
}

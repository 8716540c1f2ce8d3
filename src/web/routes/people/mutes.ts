import type { IRouter } from 'express';
import { AppError } from '../../../errors/app-error.ts';
import type { Mutes } from '../../../repositories/mutes.ts';
import { requireUser } from '../../middleware/current-user.ts';
import { methodNotAllowed } from '../../middleware/errors.ts';
import type { FindOtherUser } from './other-user.ts';
import { readNameCursor, renderPeoplePage } from './people-page.ts';

/** Adds `/USERNAME/mute` and `/USERNAME/unmute`, and `/settings/mutes`, the list of muted users. */
export function addMuteRoutes(app: IRouter, mutes: Mutes, findOtherUser: FindOtherUser): void {
  app
    .route('/:username/mute')
    .post(async (req, res) => {
      const { reader, other } = await findOtherUser(req, res);
      if (reader.userId === other.userId) {
        throw new AppError('invalid', 'You cannot mute yourself.');
      }
      await mutes.mute(reader.userId, other.userId);
      res.flash(`You have muted "${other.username}"`);
      res.redirect(`/${encodeURIComponent(other.username)}`);
    })
    .all(methodNotAllowed);

  app
    .route('/:username/unmute')
    .post(async (req, res) => {
      const { reader, other } = await findOtherUser(req, res);
      await mutes.unmute(reader.userId, other.userId);
      res.flash(`You no longer mute "${other.username}"`);
      res.redirect(`/${encodeURIComponent(other.username)}`);
    })
    .all(methodNotAllowed);

  app
    .route('/settings/mutes')
    .get(async (req, res) => {
      const { userId } = requireUser(req);
      renderPeoplePage(req, res, await mutes.listMuted(userId, readNameCursor(req)), {
        heading: 'Muted Users',
        description:
          'Your timeline and the public timeline leave out the messages of these users. They do not learn of it.',
        emptyText: 'You have muted no users.',
        button: { label: 'Unmute', action: 'unmute' },
      });
    })
    .all(methodNotAllowed);
}

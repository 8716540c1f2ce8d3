import type { IRouter } from 'express';
import { AppError } from '../../../errors/app-error.ts';
import type { Blocks } from '../../../repositories/blocks.ts';
import { requireUser } from '../../middleware/current-user.ts';
import { methodNotAllowed } from '../../middleware/errors.ts';
import type { FindOtherUser } from './other-user.ts';
import { readNameCursor, renderPeoplePage } from './people-page.ts';

/** Adds `/USERNAME/block` and `/USERNAME/unblock`, and `/settings/blocks`, the list of blocked users. */
export function addBlockRoutes(app: IRouter, blocks: Blocks, findOtherUser: FindOtherUser): void {
  app
    .route('/:username/block')
    .post(async (req, res) => {
      const { reader, other } = await findOtherUser(req, res);
      if (reader.userId === other.userId) {
        throw new AppError('invalid', 'You cannot block yourself.');
      }
      await blocks.block(reader.userId, other.userId);
      res.flash(`You have blocked "${other.username}"`);
      res.redirect(`/${encodeURIComponent(other.username)}`);
    })
    .all(methodNotAllowed);

  app
    .route('/:username/unblock')
    .post(async (req, res) => {
      const { reader, other } = await findOtherUser(req, res);
      await blocks.unblock(reader.userId, other.userId);
      res.flash(`You no longer block "${other.username}"`);
      res.redirect(`/${encodeURIComponent(other.username)}`);
    })
    .all(methodNotAllowed);

  app
    .route('/settings/blocks')
    .get(async (req, res) => {
      const { userId } = requireUser(req);
      renderPeoplePage(req, res, await blocks.listBlocked(userId, readNameCursor(req)), {
        heading: 'Blocked Users',
        description:
          'You and these users do not see each other’s messages, and cannot follow or mention each other.',
        emptyText: 'You have blocked no users.',
        button: { label: 'Unblock', action: 'unblock' },
      });
    })
    .all(methodNotAllowed);
}

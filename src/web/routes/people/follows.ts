import type { IRouter, Request, Response } from 'express';
import { AppError } from '../../../errors/app-error.ts';
import type { Followers } from '../../../repositories/followers.ts';
import { requireSameOrigin } from '../../middleware/cross-origin.ts';
import { methodNotAllowed } from '../../middleware/errors.ts';
import type { FindOtherUser } from './other-user.ts';

/** Adds `/USERNAME/follow` and `/USERNAME/unfollow`. They accept GET, too, for old clients of MiniTwit. */
export function addFollowRoutes(
  app: IRouter,
  followers: Followers,
  findOtherUser: FindOtherUser,
): void {
  async function follow(req: Request<{ username: string }>, res: Response): Promise<void> {
    const { reader, other } = await findOtherUser(req, res);
    if (reader.userId === other.userId) {
      throw new AppError('invalid', 'You cannot follow yourself.');
    }
    await followers.follow(reader.userId, other.userId);
    res.flash(`You are now following "${other.username}"`);
    res.redirect(`/${encodeURIComponent(other.username)}`);
  }

  async function unfollow(req: Request<{ username: string }>, res: Response): Promise<void> {
    const { reader, other } = await findOtherUser(req, res);
    await followers.unfollow(reader.userId, other.userId);
    res.flash(`You are no longer following "${other.username}"`);
    res.redirect(`/${encodeURIComponent(other.username)}`);
  }

  app.route('/:username/follow').get(requireSameOrigin, follow).post(follow).all(methodNotAllowed);

  app
    .route('/:username/unfollow')
    .get(requireSameOrigin, unfollow)
    .post(unfollow)
    .all(methodNotAllowed);
}

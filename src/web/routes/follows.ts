import type { IRouter, Request, Response } from 'express';
import { AppError } from '../../errors/app-error.ts';
import type { Followers } from '../../repositories/followers.ts';
import type { RateLimits } from '../../repositories/rate-limits.ts';
import type { Users } from '../../repositories/users.ts';
import { requireUsername } from '../forms/username.ts';
import { requireSameOrigin } from '../middleware/cross-origin.ts';
import { requireUser } from '../middleware/current-user.ts';
import { methodNotAllowed } from '../middleware/errors.ts';
import { assertWithinLimit } from '../middleware/too-many-requests.ts';

/** Adds `/USERNAME/follow` and `/USERNAME/unfollow`. They accept GET, too, for old clients of MiniTwit. */
export function addFollowRoutes(
  app: IRouter,
  users: Users,
  followers: Followers,
  rateLimits: RateLimits,
): void {
  async function follow(req: Request<{ username: string }>, res: Response): Promise<void> {
    const { reader, other } = await findUsers(req, res);
    if (reader.userId === other.userId) {
      throw new AppError('invalid', 'You cannot follow yourself.');
    }
    await followers.follow(reader.userId, other.userId);
    res.flash(`You are now following "${other.username}"`);
    res.redirect(`/${encodeURIComponent(other.username)}`);
  }

  async function unfollow(req: Request<{ username: string }>, res: Response): Promise<void> {
    const { reader, other } = await findUsers(req, res);
    await followers.unfollow(reader.userId, other.userId);
    res.flash(`You are no longer following "${other.username}"`);
    res.redirect(`/${encodeURIComponent(other.username)}`);
  }

  async function findUsers(req: Request<{ username: string }>, res: Response) {
    const reader = requireUser(req);
    assertWithinLimit(res, (await rateLimits.consumeFollow(reader.userId)).refusal);
    const username = requireUsername(req.params.username);
    const other = await users.findUser(username);
    if (!other) throw new AppError('not_found', `There is no user called “${username}”.`);
    return { reader, other };
  }

  app.route('/:username/follow').get(requireSameOrigin, follow).post(follow).all(methodNotAllowed);

  app
    .route('/:username/unfollow')
    .get(requireSameOrigin, unfollow)
    .post(unfollow)
    .all(methodNotAllowed);
}

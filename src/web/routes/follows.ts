import type { IRouter, Request, Response } from 'express';
import { AppError } from '../../errors/app-error.ts';
import { parseUsername } from '../forms/username.ts';
import { requireSameOrigin } from '../middleware/cross-origin.ts';
import { requireUser } from '../middleware/current-user.ts';
import { methodNotAllowed } from '../middleware/errors.ts';
import { assertWithinLimit } from '../middleware/too-many-requests.ts';
import type { Followers } from '../../repositories/followers.ts';
import type { RateLimits } from '../../repositories/rate-limits.ts';
import type { Users } from '../../repositories/users.ts';

/** `/NAME/follow` and `/NAME/unfollow`; GET for MiniTwit's old clients. */
export function addFollowRoutes(
  app: IRouter,
  users: Users,
  followers: Followers,
  rateLimits: RateLimits,
): void {
  async function follow(req: Request<{ username: string }>, res: Response): Promise<void> {
    const { reader, other } = await findBoth(req, res);
    if (reader.userId === other.userId) {
      throw new AppError('invalid', 'You cannot follow yourself.');
    }
    await followers.follow(reader.userId, other.userId);
    res.flash(`You are now following "${other.username}"`);
    res.redirect(`/${encodeURIComponent(other.username)}`);
  }

  async function unfollow(req: Request<{ username: string }>, res: Response): Promise<void> {
    const { reader, other } = await findBoth(req, res);
    await followers.unfollow(reader.userId, other.userId);
    res.flash(`You are no longer following "${other.username}"`);
    res.redirect(`/${encodeURIComponent(other.username)}`);
  }

  async function findBoth(req: Request<{ username: string }>, res: Response) {
    const reader = requireUser(req);
    assertWithinLimit(res, (await rateLimits.consumeFollow(reader.userId)).refusal);
    const username = parseUsername(req.params.username);
    if (username === null) throw new AppError('not_found', 'No user has such a long name.');
    const other = await users.findUser(username);
    if (!other) throw new AppError('not_found', `There is nobody called “${username}”.`);
    return { reader, other };
  }

  app.route('/:username/follow').get(requireSameOrigin, follow).post(follow).all(methodNotAllowed);

  app
    .route('/:username/unfollow')
    .get(requireSameOrigin, unfollow)
    .post(unfollow)
    .all(methodNotAllowed);
}

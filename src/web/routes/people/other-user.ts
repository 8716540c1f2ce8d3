import type { Request, Response } from 'express';
import { AppError } from '../../../errors/app-error.ts';
import type { RateLimits } from '../../../repositories/rate-limits.ts';
import type { User, Users } from '../../../repositories/users.ts';
import { requireUsername } from '../../forms/username.ts';
import { requireUser } from '../../middleware/current-user.ts';
import type { CurrentUser } from '../../middleware/login.ts';
import { assertWithinLimit } from '../../middleware/too-many-requests.ts';

/**
 * Returns the user of this request, and the user in its path, whom the first one follows, blocks or mutes. Counts
 * towards the limit of follows.
 * @throws AppError `unauthenticated` without a login, `too_many` if the limit is reached, `not_found` if there is no
 *   other user of this name
 */
export type FindOtherUser = (
  req: Request<{ username: string }>,
  res: Response,
) => Promise<{ reader: CurrentUser; other: User }>;

/** Creates the function that finds the two users. */
export function createFindOtherUser(users: Users, rateLimits: RateLimits): FindOtherUser {
  return async (req, res) => {
    const reader = requireUser(req);
    assertWithinLimit(res, (await rateLimits.consumeFollow(reader.userId)).refusal);
    const username = requireUsername(req.params.username);
    const other = await users.findUser(username);
    if (!other) throw new AppError('not_found', `There is no user called “${username}”.`);
    return { reader, other };
  };
}

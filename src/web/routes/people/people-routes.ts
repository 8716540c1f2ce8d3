import type { IRouter } from 'express';
import type { RateLimits } from '../../../repositories/rate-limits.ts';
import type { Repositories } from '../../../repositories/repositories.ts';
import { addBlockRoutes } from './blocks.ts';
import { addFollowRoutes } from './follows.ts';
import { addMuteRoutes } from './mutes.ts';
import { createFindOtherUser } from './other-user.ts';

/** Adds the pages on which a user follows, blocks and mutes others. */
export function addPeopleRoutes(
  app: IRouter,
  { users, followers, blocks, mutes }: Repositories,
  rateLimits: RateLimits,
): void {
  const findOtherUser = createFindOtherUser(users, rateLimits);
  addFollowRoutes(app, followers, findOtherUser);
  addBlockRoutes(app, blocks, findOtherUser);
  addMuteRoutes(app, mutes, findOtherUser);
}

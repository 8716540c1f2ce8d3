import type { IRouter } from 'express';
import { AppError } from '../../errors/app-error.ts';
import type { Followers } from '../../repositories/followers.ts';
import type { RateLimits } from '../../repositories/rate-limits.ts';
import type { Repositories } from '../../repositories/repositories.ts';
import type { Timelines } from '../../repositories/timelines.ts';
import type { User } from '../../repositories/users.ts';
import { requireUsername } from '../forms/username.ts';
import { currentUser } from '../middleware/current-user.ts';
import { methodNotAllowed } from '../middleware/errors.ts';
import type { CurrentUser } from '../middleware/session.ts';
import type { RenderTimeline } from '../presentation/timeline-pages.ts';
import type { RenderHomeTimeline } from './home-timeline.ts';
import { readPageCursor } from './page-cursor.ts';

/** Adds `/`, the home timeline, and `/public`, the messages of all users. */
export function addTimelineRoutes(
  app: IRouter,
  timelines: Timelines,
  rateLimits: RateLimits,
  renderTimeline: RenderTimeline,
  renderHomeTimeline: RenderHomeTimeline,
): void {
  app
    .route('/')
    .get(async (req, res) => {
      if (!currentUser(req)) return res.redirect('/public');
      await renderHomeTimeline(req, res, { cursor: readPageCursor(req, res, rateLimits) });
    })
    .all(methodNotAllowed);

  app
    .route('/public')
    .get(async (req, res) => {
      const page = await timelines.listPublic(readPageCursor(req, res, rateLimits));
      await renderTimeline(req, res, 'public.html', { page, path: '/public' });
    })
    .all(methodNotAllowed);
}

/** Adds `/USERNAME`, the messages of one user. Add it last: almost any path can be a username. */
export function addUserTimelineRoutes(
  app: IRouter,
  { profiles, timelines, followers }: Repositories,
  rateLimits: RateLimits,
  renderTimeline: RenderTimeline,
): void {
  app
    .route('/:username')
    .get(async (req, res) => {
      const username = requireUsername(req.params.username);
      const profile = await profiles.findProfile(username);
      if (!profile) throw new AppError('not_found', `There is no user called “${username}”.`);
      if (profile.isSuspended) {
        const message = `The account “${username}” is suspended, so its messages are not shown.`;
        throw new AppError('not_found', message);
      }
      const [page, followState] = await Promise.all([
        timelines.listByAuthor(profile, readPageCursor(req, res, rateLimits)),
        findFollowState(followers, currentUser(req), profile),
      ]);
      const path = `/${encodeURIComponent(username)}`;
      await renderTimeline(req, res, 'user.html', { page, path, profile, followState });
    })
    .all(methodNotAllowed);
}

/** The relation of the reader to the user of a page; null without a login. */
type FollowState = 'self' | 'following' | 'not_following' | null;

async function findFollowState(
  followers: Followers,
  reader: CurrentUser | null,
  user: User,
): Promise<FollowState> {
  if (!reader) return null;
  if (reader.userId === user.userId) return 'self';
  const isFollowing = await followers.isFollowing(reader.userId, user.userId);
  return isFollowing ? 'following' : 'not_following';
}

import type { IRouter } from 'express';
import { AppError } from '../../errors/app-error.ts';
import type { Page } from '../../repositories/page.ts';
import type { RateLimits } from '../../repositories/rate-limits.ts';
import type { Repositories } from '../../repositories/repositories.ts';
import { requireUsername } from '../forms/username.ts';
import { currentUser } from '../middleware/current-user.ts';
import { methodNotAllowed } from '../middleware/errors.ts';
import type { CurrentUser } from '../middleware/session.ts';
import { NO_AUTHORS, type RenderTimeline } from '../presentation/timeline-pages.ts';
import type { RenderHomeTimeline } from './home-timeline.ts';
import { readPageCursor } from './page-cursor.ts';
import { findRelation } from './people/relation.ts';

/** Adds `/`, the home timeline, and `/public`, the messages of all users. */
export function addTimelineRoutes(
  app: IRouter,
  { timelines, unseenAuthors: repository }: Pick<Repositories, 'timelines' | 'unseenAuthors'>,
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
      const [page, unseenAuthors] = await Promise.all([
        timelines.listPublic(readPageCursor(req, res, rateLimits)),
        listUnseenAuthors(currentUser(req)),
      ]);
      await renderTimeline(req, res, 'public.html', { page, path: '/public', unseenAuthors });
    })
    .all(methodNotAllowed);

  async function listUnseenAuthors(reader: CurrentUser | null): Promise<ReadonlySet<number>> {
    if (!reader?.hasUnseenAuthors) return NO_AUTHORS;
    return repository.listUnseenAuthors(reader.userId);
  }
}

const EMPTY_PAGE: Page = { messageIds: [], hasOlder: false, hasNewer: false };

/** Adds `/USERNAME`, the messages of one user. Add it last: almost any path can be a username. */
export function addUserTimelineRoutes(
  app: IRouter,
  repositories: Pick<Repositories, 'profiles' | 'timelines' | 'followers' | 'blocks' | 'mutes'>,
  rateLimits: RateLimits,
  renderTimeline: RenderTimeline,
): void {
  const { profiles, timelines } = repositories;
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
      const [listed, relation] = await Promise.all([
        timelines.listByAuthor(profile, readPageCursor(req, res, rateLimits)),
        findRelation(repositories, currentUser(req), profile),
      ]);
      const page = relation?.hasBlocked || relation?.isBlocked ? EMPTY_PAGE : listed;
      const path = `/${encodeURIComponent(username)}`;
      await renderTimeline(req, res, 'user.html', { page, path, profile, relation });
    })
    .all(methodNotAllowed);
}

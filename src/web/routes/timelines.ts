import type { IRouter } from 'express';
import { AppError } from '../../errors/app-error.ts';
import type { Cursor, Page } from '../../repositories/page.ts';
import type { RateLimits } from '../../repositories/rate-limits.ts';
import type { Repositories } from '../../repositories/repositories.ts';
import { requireUsername } from '../forms/username.ts';
import { currentUser } from '../middleware/current-user.ts';
import { methodNotAllowed } from '../middleware/errors.ts';
import type { CurrentUser } from '../middleware/login.ts';
import type { RenderTimeline, TimelineContent } from '../presentation/timeline-pages.ts';
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
      const cursor = readPageCursor(req, res, rateLimits);
      const read = createReadPublic(cursor, currentUser(req));
      await renderTimeline(req, res, { view: 'public.html', path: '/public', cursor, read });
    })
    .all(methodNotAllowed);

  function createReadPublic(cursor: Cursor, reader: CurrentUser | null) {
    return async (): Promise<TimelineContent> => {
      const page = timelines.listPublic(cursor);
      if (!reader?.hasUnseenAuthors) return { page: await page };
      const unseenAuthors = await repository.listUnseenAuthors(reader.userId);
      return { page: await page, unseenAuthors };
    };
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
      const cursor = readPageCursor(req, res, rateLimits);
      const read = createReadUser(username, cursor, currentUser(req));
      const path = `/${encodeURIComponent(username)}`;
      await renderTimeline(req, res, { view: 'user.html', path, cursor, read });
    })
    .all(methodNotAllowed);

  function createReadUser(username: string, cursor: Cursor, reader: CurrentUser | null) {
    return async (): Promise<TimelineContent> => {
      const profile = await profiles.findProfile(username);
      if (!profile) throw new AppError('not_found', `There is no user called “${username}”.`);
      if (profile.isSuspended) {
        const message = `The account “${username}” is suspended, so its messages are not shown.`;
        throw new AppError('not_found', message);
      }
      const [listed, relation] = await Promise.all([
        timelines.listByAuthor(profile, cursor),
        findRelation(repositories, reader, profile),
      ]);
      const page = relation?.hasBlocked || relation?.isBlocked ? EMPTY_PAGE : listed;
      return { page, profile, relation };
    };
  }
}

import type { IRouter, Request, Response } from 'express';
import { AppError } from '../../errors/app-error.ts';
import { parseUsername } from '../forms/username.ts';
import { currentUser, requireUser } from '../middleware/current-user.ts';
import { methodNotAllowed } from '../middleware/errors.ts';
import type { CurrentUser } from '../middleware/session.ts';
import type { RenderTimeline } from '../presentation/timeline-pages.ts';
import type { Followers } from '../../repositories/followers.ts';
import type { Repositories } from '../../repositories/repositories.ts';
import type { Cursor } from '../../repositories/page.ts';
import type { Timelines } from '../../repositories/timelines.ts';
import type { User } from '../../repositories/users.ts';
import type { ReadPage } from './read-page.ts';

/** `/public` and `/`: everyone's messages, and those of the reader and whom they follow. */
export function addTimelineRoutes(
  app: IRouter,
  timelines: Timelines,
  sendTimeline: RenderTimeline,
  showMyTimeline: RenderHomeTimeline,
  readPage: ReadPage,
): void {
  app
    .route('/')
    .get(async (req, res) => {
      if (!currentUser(req)) return res.redirect('/public');
      await showMyTimeline(req, res, { cursor: readPage(req, res) });
    })
    .all(methodNotAllowed);

  app
    .route('/public')
    .get(async (req, res) => {
      const page = await timelines.listPublic(readPage(req, res));
      await sendTimeline(req, res, 'public.html', { page, path: '/public' });
    })
    .all(methodNotAllowed);
}

/** `/NAME`: one person's messages. To be added last: a name can be almost any word. */
export function addUserTimelineRoutes(
  app: IRouter,
  { profiles, timelines, followers }: Repositories,
  sendTimeline: RenderTimeline,
  readPage: ReadPage,
): void {
  app
    .route('/:username')
    .get(async (req, res) => {
      const username = parseUsername(req.params.username);
      if (username === null) throw new AppError('not_found', 'No user has such a long name.');
      const profile = await profiles.findProfile(username);
      if (!profile) throw new AppError('not_found', `There is nobody called “${username}”.`);
      const [page, state] = await Promise.all([
        timelines.listByAuthor(profile, readPage(req, res)),
        findFollowState(followers, currentUser(req), profile),
      ]);
      const path = `/${encodeURIComponent(username)}`;
      await sendTimeline(req, res, 'user.html', { page, path, profile, followState: state });
    })
    .all(methodNotAllowed);
}

/** A message that is not posted. It stays in the post box. */
export interface Draft {
  text: string;
  /** Why it could not be posted; null if there was no attempt, as after a login. */
  error: string | null;
}

/** Shows `/`, with the post box, to somebody who is logged in. */
export type RenderHomeTimeline = (
  req: Request,
  res: Response,
  more: { cursor?: Cursor; draft?: Draft },
) => Promise<void>;

/** `/` as a page, for all routes that show it. */
export function createRenderHomeTimeline(
  timelines: Timelines,
  sendTimeline: RenderTimeline,
): RenderHomeTimeline {
  return async (req, res, { cursor = null, draft = null }) => {
    const page = await timelines.listHome(requireUser(req).userId, cursor);
    await sendTimeline(req, res, 'timeline.html', { page, path: '/', draft });
  };
}

/** What a person's page says of the reader: nothing without a login. */
type FollowState = 'self' | 'following' | 'not_following' | null;

async function findFollowState(
  followers: Followers,
  reader: CurrentUser | null,
  profile: User,
): Promise<FollowState> {
  if (!reader) return null;
  if (reader.userId === profile.userId) return 'self';
  const follows = await followers.isFollowing(reader.userId, profile.userId);
  return follows ? 'following' : 'not_following';
}

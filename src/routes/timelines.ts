import type { Response, Router } from 'express';
import { AppError } from '../errors.ts';
import { readCursor } from '../forms/cursor.ts';
import { normalizeUsername } from '../forms/username.ts';
import { currentUser } from '../middleware/current-user.ts';
import { methodNotAllowed } from '../middleware/errors.ts';
import type { CurrentUser } from '../middleware/session.ts';
import type { Followers } from '../repositories/followers.ts';
import type { Cursor } from '../repositories/message-ids.ts';
import type { Messages } from '../repositories/messages.ts';
import type { Repositories } from '../repositories/repositories.ts';
import type { User } from '../repositories/users.ts';
import { createRouter } from './router.ts';

/** `/public` and `/`: everyone's messages, and those of the reader and whom they follow. */
export function timelineRoutes(messages: Messages): Router {
  const router = createRouter();

  router
    .route('/')
    .get(async (req, res) => {
      const user = currentUser(req);
      if (!user) return res.redirect('/public');
      await showMyTimeline(res, messages, user, { cursor: readCursor(req.query) });
    })
    .all(methodNotAllowed);

  router
    .route('/public')
    .get(async (req, res) => {
      const page = await messages.listPublic(readCursor(req.query));
      res.render('public.html', { page, path: '/public' });
    })
    .all(methodNotAllowed);

  return router;
}

/** `/NAME`: one person's messages. To be mounted last: a name can be almost any word. */
export function userTimelineRoutes({ profiles, messages, followers }: Repositories): Router {
  const router = createRouter();

  router
    .route('/:username')
    .get(async (req, res) => {
      const username = normalizeUsername(req.params.username);
      const profile = await profiles.findProfile(username);
      if (!profile) throw new AppError('not_found', `There is nobody called “${username}”.`);
      const [page, state] = await Promise.all([
        messages.listByAuthor(profile, readCursor(req.query)),
        followState(followers, currentUser(req), profile),
      ]);
      const path = `/${encodeURIComponent(username)}`;
      res.render('user.html', { profile, page, followState: state, path });
    })
    .all(methodNotAllowed);

  return router;
}

/** A message that could not be posted, and why: it stays in the post box. */
export interface Draft {
  text: string;
  error: string;
}

/** Shows `/`, with the post box. */
export async function showMyTimeline(
  res: Response,
  messages: Messages,
  user: CurrentUser,
  { cursor = null, draft = null }: { cursor?: Cursor; draft?: Draft | null },
): Promise<void> {
  const page = await messages.listForReader(user.userId, cursor);
  res.render('timeline.html', { page, path: '/', draft });
}

/** What a person's page says of the reader: nothing without a login. */
type FollowState = 'self' | 'following' | 'not_following' | null;

async function followState(
  followers: Followers,
  reader: CurrentUser | null,
  profile: User,
): Promise<FollowState> {
  if (!reader) return null;
  if (reader.userId === profile.userId) return 'self';
  const follows = await followers.isFollowing(reader.userId, profile.userId);
  return follows ? 'following' : 'not_following';
}

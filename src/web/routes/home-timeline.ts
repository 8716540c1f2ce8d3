import type { Request, Response } from 'express';
import type { Cursor } from '../../repositories/page.ts';
import type { Timelines } from '../../repositories/timelines.ts';
import { requireUser } from '../middleware/current-user.ts';
import type { RenderTimeline } from '../presentation/timeline-pages.ts';

/** A message that is not posted yet. The page shows it in the post box. */
export interface Draft {
  text: string;
  /** Why the message was refused; null if it was not submitted, as after a login. */
  error: string | null;
}

/** Sends the home timeline of the current user. Without a cursor, it is the newest page. */
export type RenderHomeTimeline = (
  req: Request,
  res: Response,
  more: { cursor?: Cursor; draft?: Draft },
) => Promise<void>;

/** Creates the function that sends the home timeline, for all routes that show it. */
export function createRenderHomeTimeline(
  timelines: Timelines,
  renderTimeline: RenderTimeline,
): RenderHomeTimeline {
  return async (req, res, { cursor = null, draft = null }) => {
    const { userId } = requireUser(req);
    const read = async () => ({ page: await timelines.listHome(userId, cursor), draft });
    await renderTimeline(req, res, { view: 'timeline.html', path: '/', cursor, read });
  };
}

import type { IRouter, Request } from 'express';
import { AppError } from '../../../errors/app-error.ts';
import type { Repositories } from '../../../repositories/repositories.ts';
import { parseCursor } from '../../forms/cursor.ts';
import { currentUser, requireUser } from '../../middleware/current-user.ts';
import { methodNotAllowed } from '../../middleware/errors.ts';
import type { CurrentUser } from '../../middleware/login.ts';

/** Adds `/moderation`, the open reports, and `/moderation/audit`, the audit log. Only moderators can read them. */
export function addModerationPages(
  app: IRouter,
  { reports, audit }: Pick<Repositories, 'reports' | 'audit'>,
): void {
  app
    .route('/moderation')
    .get(async (req, res) => {
      const { userId } = requireModerator(req);
      const before = readBefore(req);
      const page = await reports.listOpenReports(userId, before);
      const userIds = new Set(page.reports.map((report) => report.userId));
      const decisions = await audit.listDecisionsAbout(Array.from(userIds));
      const cases = page.reports.map((report) => ({
        report,
        decisions: decisions.filter((decision) => decision.userId === report.userId),
      }));
      res.render('moderation.html', { cases, hasOlder: page.hasOlder, hasNewer: before !== null });
    })
    .all(methodNotAllowed);

  app
    .route('/moderation/audit')
    .get(async (req, res) => {
      requireModerator(req);
      const before = readBefore(req);
      const { decisions, hasOlder } = await audit.listDecisions(before);
      res.render('audit.html', { decisions, hasOlder, hasNewer: before !== null });
    })
    .all(methodNotAllowed);
}

/**
 * Returns the moderator who sent this request.
 * @throws AppError `not_found` for any other reader, and the errors of `requireUser`
 */
export function requireModerator(req: Request): CurrentUser {
  if (!currentUser(req)?.isModerator) {
    throw new AppError('not_found', 'There is nothing at this address.');
  }
  return requireUser(req);
}

/** Returns the id before which a page begins, or null for the newest page. */
function readBefore(req: Request): number | null {
  const cursor = parseCursor(req.query);
  if (cursor && 'after' in cursor) throw new AppError('invalid', 'There is no such page.');
  return cursor && cursor.before;
}

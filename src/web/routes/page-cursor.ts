import type { Request, Response } from 'express';
import type { Cursor } from '../../repositories/page.ts';
import type { RateLimits } from '../../repositories/rate-limits.ts';
import { parseCursor } from '../forms/cursor.ts';
import { clientKey } from '../middleware/client-key.ts';
import { currentUser } from '../middleware/current-user.ts';
import { assertWithinLimit } from '../middleware/too-many-requests.ts';

/**
 * Returns the cursor of the page that a request is for. Older and newer pages count towards the rate limits,
 * because most are in no cache, and each can take several queries. The newest page does not count.
 * @throws AppError `invalid` if there is no such page, `too_many` if a limit is reached
 */
export function readPageCursor(req: Request, res: Response, rateLimits: RateLimits): Cursor {
  const cursor = parseCursor(req.query);
  if (cursor) {
    const userId = currentUser(req)?.userId ?? null;
    assertWithinLimit(res, rateLimits.consumePage({ userId, address: clientKey(req) }));
  }
  return cursor;
}

import type { Request, Response } from 'express';
import { parseCursor } from '../forms/cursor.ts';
import { clientAddress } from '../middleware/client-address.ts';
import { currentUser } from '../middleware/current-user.ts';
import { assertWithinLimit } from '../middleware/too-many-requests.ts';
import type { RateLimits } from '../../repositories/rate-limits.ts';
import type { Cursor } from '../../repositories/page.ts';

/**
 * Returns which page of a timeline a request asks for. Older and newer pages, which are cached nowhere and can
 * take several queries each, are limited; the newest page is not.
 * @throws AppError `invalid` if there is no such page, `too_many` if the reader must wait
 */
export type ReadPage = (req: Request, res: Response) => Cursor;

/** Creates the reader of cursors that counts pages. */
export function createReadPage(rateLimits: RateLimits): ReadPage {
  return (req, res) => {
    const cursor = parseCursor(req.query);
    if (cursor) {
      const userId = currentUser(req)?.userId ?? null;
      assertWithinLimit(res, rateLimits.consumePage({ userId, address: clientAddress(req) }));
    }
    return cursor;
  };
}

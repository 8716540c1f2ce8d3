import type { Response } from 'express';
import { AppError, HTTP_STATUS } from '../../errors/app-error.ts';
import type { Refusal } from '../../repositories/rate-limit-rules.ts';
import { logEvent } from './audit.ts';
import { currentUser } from './current-user.ts';

/**
 * Sets the status 429 and `Retry-After` of an unsent response, and logs the limit that was reached. Returns the
 * response.
 */
export function setTooManyRequests(res: Response, { limit, retryAfterS }: Refusal): Response {
  logEvent(res.req, 'limit_reached', { limit, userId: currentUser(res.req)?.userId });
  return res.status(HTTP_STATUS.too_many).set('Retry-After', String(retryAfterS));
}

/**
 * Passes an action that no limit has refused. Otherwise sets the headers of the error page.
 * @throws AppError `too_many` if there is a refusal
 */
export function assertWithinLimit(res: Response, refusal: Refusal | null): void {
  if (!refusal) return;
  setTooManyRequests(res, refusal);
  throw new AppError('too_many', refusal.message);
}

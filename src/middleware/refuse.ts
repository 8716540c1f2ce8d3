import type { Response } from 'express';
import { statusOf } from '../errors.ts';

/** Makes an answer, which is yet to be sent, one to somebody who has to wait. */
export function refuse(res: Response, { retryAfterS }: { retryAfterS: number }): Response {
  return res.status(statusOf.too_many).set('Retry-After', String(retryAfterS));
}

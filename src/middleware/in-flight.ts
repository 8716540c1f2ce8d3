import type { RequestHandler } from 'express';
import { AppError } from '../errors.ts';

/**
 * Answers `unavailable` to whoever comes while `max` requests are being worked on: those would all wait
 * longer than anybody does.
 */
export function limitInFlight(max: number): RequestHandler {
  let inFlight = 0;
  return (_req, res, next) => {
    if (inFlight >= max) {
      throw new AppError('unavailable', 'Too many people are here at this moment.');
    }
    inFlight++;
    res.once('close', () => inFlight--);
    next();
  };
}

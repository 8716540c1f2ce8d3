import type { RequestHandler, Response } from 'express';
import { createFairQueue, type FairQueueOptions } from '../../limits/fair-queue.ts';
import { clientKey } from './client-key.ts';
import { createUnreadResponseLimit } from './unread-responses.ts';

/** The limits of the queue of requests. A client is an address. */
export type InFlightLimits = Omit<FairQueueOptions, 'waitMaxMs' | 'rejectionMessage'>;

/** The limits of one process, which responds within milliseconds. */
export const IN_FLIGHT_LIMITS: InFlightLimits = {
  maxConcurrent: 250,
  // More requests of one client would not finish sooner, and would delay the requests of other clients.
  maxConcurrentPerClient: 25,
  maxQueued: 500,
  maxQueuedPerClient: 250,
};

// Users who wait longer press reload.
const WAIT_MAX_MS = 5000;

/**
 * Returns middleware that bounds the requests in flight, and shares the capacity fairly among client addresses: the
 * requests of one address beyond its share wait for each other, and do not delay another address. A request counts
 * until its response is written to the socket, so a client that reads slowly does not occupy capacity.
 * @throws AppError `unavailable` if the queue is full, and after a wait of 5 s
 */
export function limitInFlight(limits: InFlightLimits): RequestHandler {
  const queue = createFairQueue({
    ...limits,
    waitMaxMs: WAIT_MAX_MS,
    rejectionMessage: 'MiniTwit has too many requests. Please try again in a few seconds.',
  });
  const trackUnread = createUnreadResponseLimit();
  return async (req, res, next) => {
    const address = clientKey(req);
    const release = await queue.acquire(address);
    res.once('close', release);
    // The client may have disconnected while its request was queued.
    if (res.closed) return release();
    onResponseEnd(res, () => {
      release();
      trackUnread(res, address);
    });
    next();
  };
}

/** Calls back when the application has ended a response. The client may read it much later. */
function onResponseEnd(res: Response, callback: () => void): void {
  const end = res.end.bind(res) as (...parameters: unknown[]) => Response;
  res.end = (...parameters: unknown[]) => {
    end(...parameters);
    callback();
    return res;
  };
}

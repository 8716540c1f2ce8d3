import type { RequestHandler, Response } from 'express';
import { createFairQueue } from '../../limits/fair-queue.ts';
import { clientAddress } from './client-address.ts';
import { createUnreadResponseLimit } from './unread-responses.ts';

/** Requests at work and waiting in one process. */
export interface InFlightLimits {
  maxConcurrent: number;
  maxConcurrentPerAddress: number;
  maxQueued: number;
  maxQueuedPerAddress: number;
}

// A user who waits longer has pressed reload.
const WAIT_MAX_MS = 5000;

/**
 * Bounds the requests that are being worked on, and shares them among client addresses: the requests that one address sends
 * beyond its share wait for each other, and no other address waits for them. Beyond the bounds, and after a wait of 5 s, a
 * request fails with AppError `unavailable`. A request counts until its answer is handed to its socket, so a client that
 * reads slowly holds no place.
 */
export function limitInFlight(limits: InFlightLimits): RequestHandler {
  const queue = createFairQueue({
    maxConcurrent: limits.maxConcurrent,
    maxConcurrentPerClient: limits.maxConcurrentPerAddress,
    maxQueued: limits.maxQueued,
    maxQueuedPerClient: limits.maxQueuedPerAddress,
    waitMaxMs: WAIT_MAX_MS,
    rejectionMessage: 'Too many people are here at this moment.',
  });
  const addUnread = createUnreadResponseLimit();
  return async (req, res, next) => {
    const address = clientAddress(req);
    const release = await queue.acquire(address);
    res.once('close', release);
    // The client may have gone while its request waited.
    if (res.closed) return release();
    onResponseEnd(res, () => {
      release();
      addUnread(res, address);
    });
    next();
  };
}

/** Calls back when the application has ended an answer, which may be long before the client has read it. */
function onResponseEnd(res: Response, callback: () => void): void {
  const end = res.end.bind(res) as (...parameters: unknown[]) => Response;
  res.end = (...parameters: unknown[]) => {
    end(...parameters);
    callback();
    return res;
  };
}

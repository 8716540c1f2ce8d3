import { createFairQueue, type Release } from '../../limits/fair-queue.ts';

// An export lasts as long as its client takes to read it, and occupies one of the requests in flight meanwhile. These
// are few enough that the pages of other users are not affected.
const MAX_CONCURRENT = 10;

/**
 * Returns a function that starts an export of a user, and returns a function that ends it. The exports of this process
 * are bounded, and each user has one at a time. Further ones are refused at once.
 * @throws AppError `unavailable` if this export has to wait
 */
export function createExportSlots(): (userId: number) => Promise<Release> {
  const queue = createFairQueue({
    maxConcurrent: MAX_CONCURRENT,
    maxConcurrentPerClient: 1,
    maxQueued: 0,
    maxQueuedPerClient: 0,
    waitMaxMs: 0,
    rejectionMessage:
      'Too many exports run at this moment, or yours is still running. Please try again in a few minutes.',
  });
  return (userId) => queue.acquire(String(userId));
}

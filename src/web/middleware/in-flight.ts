import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Express, Response } from 'express';
import { createFairQueue, type FairQueueOptions, type Release } from '../../limits/fair-queue.ts';
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

/** Ends a request in flight, when its response has been written to the socket. Later calls do nothing. */
export type Finish = () => void;

/** Bounds the requests in flight. */
export interface InFlight {
  /** Starts a request at once. Returns null if it has to wait. */
  startNow(req: IncomingMessage, res: ServerResponse): Finish | null;
  /**
   * Waits until a request can start.
   * @throws AppError `unavailable` if the queue is full, and after a wait of 5 s
   */
  start(req: IncomingMessage, res: ServerResponse): Promise<Finish>;
}

declare global {
  namespace Express {
    interface Response {
      finishInFlight?: Finish;
    }
  }
}

/**
 * Creates the limit of requests in flight. It shares the capacity fairly among client addresses: the requests of one
 * address beyond its share wait for each other, and do not delay another address. A request counts until its response
 * is written to the socket, so a client that reads slowly does not occupy capacity.
 */
export function createInFlight(limits: InFlightLimits): InFlight {
  const queue = createFairQueue({
    ...limits,
    waitMaxMs: WAIT_MAX_MS,
    rejectionMessage: 'MiniTwit has too many requests. Please try again in a few seconds.',
  });
  const trackUnread = createUnreadResponseLimit();

  function createFinish(release: Release, res: ServerResponse, address: string): Finish {
    let isFinished = false;
    return () => {
      if (isFinished) return;
      isFinished = true;
      release();
      if (!res.closed) trackUnread(res, address);
    };
  }

  return {
    startNow(req, res) {
      const address = clientKey(req);
      const release = queue.startNow(address);
      return release && createFinish(release, res, address);
    },
    async start(req, res) {
      const address = clientKey(req);
      return createFinish(await queue.acquire(address), res, address);
    },
  };
}

/** The requests that were started, or refused, before Express was called. */
export type StartedRequests = WeakMap<ServerResponse, Finish | Promise<Finish>>;

/**
 * Makes the further middleware and routes of an application wait until a request can start, so that no request waits
 * twice.
 */
export function limitInFlight(app: Express, inFlight: InFlight, started: StartedRequests): void {
  app.response.end = function (this: Response, ...parameters: unknown[]) {
    ServerResponse.prototype.end.apply(this, parameters as [string, BufferEncoding]);
    this.finishInFlight?.();
    return this;
  };
  app.use(async (req, res, next) => {
    const early = started.get(res) ?? inFlight.startNow(req, res) ?? inFlight.start(req, res);
    const finish = await early;
    // The client may have disconnected while its request was queued.
    if (res.closed) return finish();
    res.finishInFlight = finish;
    res.on('close', finish);
    next();
  });
}

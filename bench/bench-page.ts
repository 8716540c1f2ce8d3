import type { DataSet } from './data-sets.ts';
import type { OlderPages } from './older-pages.ts';
import type { WebRequest } from './requests.ts';

/** The data from which the requests of a page are generated. */
export interface RequestSource {
  data: DataSet;
  older: OlderPages;
  /** The ids of the users whose page is full. */
  fullPageUsers: number[];
}

/**
 * The servers of MiniTwit, which run the same build: `ours`; `plain`, which gets requests without Accept-Encoding only,
 * so that its cache has no compressed pages; and `uncached`, whose caches are off.
 */
export type OwnServer = 'ours' | 'plain' | 'uncached';

/** A page or action of MiniTwit, with its target on data set M. */
export interface BenchPage {
  name: string;
  /** Whether the requests change the data. */
  writes: boolean;
  connections: number;
  server: OwnServer;
  /** Whether another row has the same page. The original is not measured then. */
  isVariant: boolean;
  /** Whether Node's own server is measured too, with the page's bytes. */
  hasNodeAlone: boolean;
  target: { ofHello: number; timesOriginal: number | null } | null;
  /** The number of warm-up runs. */
  warmUps: number;
  /** Generates requests without end, the same ones at each call. */
  requests(source: RequestSource): Requests;
}

/** A source of requests. */
export type Requests = AsyncIterator<WebRequest> | Iterator<WebRequest>;

/** The number of different requests for a run of wrk. After the last, wrk starts again with the first. */
export const REQUESTS_PER_RUN = 20_000;
/** The number of connections for hello and for each page. */
export const PAGE_CONNECTIONS = 32;
/** The number of connections for logins. More at once would exceed the queue for the hashing threads. */
export const LOGIN_CONNECTIONS = 16;
/** Returns the next requests, fewer than `count` only at the end. */
export async function takeRequests(requests: Requests, count: number): Promise<WebRequest[]> {
  const taken: WebRequest[] = [];
  while (taken.length < count) {
    const { value, done } = await requests.next();
    if (done) break;
    taken.push(value);
  }
  return taken;
}

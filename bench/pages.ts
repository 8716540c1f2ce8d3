import { drawVisits } from './data.ts';
import type { DataSet } from './data-sets.ts';
import { generateNewFollows } from './new-follows.ts';
import type { OlderPages } from './older-pages.ts';
import { homeTimeline, login, userAt, userPage } from './page-requests.ts';
import type { WebRequest } from './requests.ts';

/** The data from which the requests of a page are generated. */
export interface RequestSource {
  data: DataSet;
  older: OlderPages;
}

/** A page or action of MiniTwit, with its target on data set M. */
export interface BenchPage {
  name: string;
  /** Whether the requests change the data. */
  writes: boolean;
  connections: number;
  target: { ofHello: number; timesOriginal: number | null } | null;
  /** The number of warm-up runs. */
  warmUps: number;
  /** Generates requests without end, the same ones at each call. */
  requests(source: RequestSource): Requests;
}

/** A source of requests. */
export type Requests = AsyncIterator<WebRequest> | Iterator<WebRequest>;

const PAGE_CONNECTIONS = 64;
// More logins at once would exceed the queue for the hashing threads.
const LOGIN_CONNECTIONS = 16;
const MESSAGE_TEXT =
  'walked along the river this morning before work, and all of the town was still asleep';

const READS = { writes: false, connections: PAGE_CONNECTIONS, target: null, warmUps: 1 };
const WRITES = { writes: true, connections: PAGE_CONNECTIONS, target: null, warmUps: 1 };

/** The measured pages. Those that write come last. */
export const PAGES = [
  {
    ...READS,
    name: 'Public timeline',
    target: { ofHello: 0.6, timesOriginal: 1000 },
    requests: () => generate(() => ({ path: '/public', expected: '<h1>Public Timeline</h1>' })),
  },
  {
    ...READS,
    name: 'A user’s page',
    target: { ofHello: 0.35, timesOriginal: 1000 },
    // The cache needs this long to hold the popular pages.
    warmUps: 6,
    requests: ({ data }) => drawVisits(data.users, 11).map(userPage),
  },
  {
    ...READS,
    name: 'My timeline',
    target: { ofHello: 0.1, timesOriginal: 300 },
    requests: ({ data }) => generate((index) => homeTimeline(userAt(data, index))),
  },
  {
    ...READS,
    name: 'Public timeline, older',
    requests: ({ data }) =>
      generate((index) => ({
        path: `/public?before=${1000 + ((index * 7919) % (data.messages - 1000))}`,
        expected: '<h1>Public Timeline</h1>',
      })),
  },
  {
    ...READS,
    name: 'A user’s page, older',
    requests: ({ older }) => generate((index) => itemAt(older.userPages, index)),
  },
  {
    ...READS,
    name: 'My timeline, older',
    requests: ({ older }) => generate((index) => itemAt(older.homeTimelines, index)),
  },
  {
    ...WRITES,
    name: 'Posting',
    target: { ofHello: 0.08, timesOriginal: null },
    requests: ({ data }) =>
      generate((index) => ({
        path: '/add_message',
        userId: userAt(data, index),
        form: { text: `${MESSAGE_TEXT} (${index})` },
        expected: '/',
      })),
  },
  {
    ...WRITES,
    name: 'Following',
    requests: ({ data }) => generateNewFollows(data),
  },
  {
    ...WRITES,
    name: 'Login',
    connections: LOGIN_CONNECTIONS,
    requests: ({ data }) => generate((index) => login(userAt(data, index))),
  },
] satisfies BenchPage[] as BenchPage[];

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

function* generate<T>(make: (index: number) => T): Generator<T> {
  for (let index = 0; ; index++) yield make(index);
}

function itemAt<T>(from: T[], index: number): T {
  const item = from[index % from.length];
  if (item === undefined) throw new Error('The list is empty.');
  return item;
}

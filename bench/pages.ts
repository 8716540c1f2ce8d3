import {
  type BenchPage,
  LOGIN_CONNECTIONS,
  PAGE_CONNECTIONS,
  type RequestSource,
} from './bench-page.ts';
import { drawVisits } from './data.ts';
import { generateNewFollows } from './new-follows.ts';
import { homeTimeline, login, userAt, userPage } from './page-requests.ts';
import type { WebRequest } from './requests.ts';

const MESSAGE_TEXT =
  'walked along the river this morning before work, and all of the town was still asleep';

const DEFAULTS = {
  connections: PAGE_CONNECTIONS,
  server: 'ours',
  isVariant: false,
  hasNodeAlone: false,
  target: null,
  warmUps: 1,
} as const;
const READS = { ...DEFAULTS, writes: false };
const WRITES = { ...DEFAULTS, writes: true };
const PLAIN = { server: 'plain', isVariant: true } as const;

const PUBLIC_TIMELINE = {
  ...READS,
  name: 'Public timeline',
  hasNodeAlone: true,
  target: { ofHello: 1, timesOriginal: 1000 },
  requests: () => generate(() => ({ path: '/public', expected: '<h1>Public Timeline</h1>' })),
} satisfies BenchPage;

// The cache has room for the pages of these users, who have the most readers, compressed or not.
const POPULAR_USERS = 500;

const USER_PAGE = {
  ...READS,
  name: 'A user’s page',
  // Longer than the other pages: most users are visited rarely.
  warmUps: 4,
  requests: ({ data }: RequestSource) => drawVisits(data.users, 11).map(userPage),
} satisfies BenchPage;

const CACHED_USER_PAGE = {
  ...READS,
  name: `${USER_PAGE.name}, cached`,
  isVariant: true,
  hasNodeAlone: true,
  target: { ofHello: 1, timesOriginal: null },
  requests: ({ data }: RequestSource) =>
    drawVisits(Math.min(POPULAR_USERS, data.users), 11).map(userPage),
} satisfies BenchPage;

/** The measured pages. Those that write come last. */
export const PAGES = [
  PUBLIC_TIMELINE,
  {
    ...PUBLIC_TIMELINE,
    ...PLAIN,
    name: `${PUBLIC_TIMELINE.name}, not compressed`,
    target: { ofHello: 1, timesOriginal: null },
    requests: () => PUBLIC_TIMELINE.requests().map(toPlain),
  },
  USER_PAGE,
  CACHED_USER_PAGE,
  {
    ...CACHED_USER_PAGE,
    ...PLAIN,
    name: `${CACHED_USER_PAGE.name}, not compressed`,
    hasNodeAlone: false,
    requests: (source) => CACHED_USER_PAGE.requests(source).map(toPlain),
  },
  {
    ...READS,
    name: `${USER_PAGE.name}, not cached`,
    server: 'uncached',
    isVariant: true,
    target: { ofHello: 0.35, timesOriginal: null },
    // Full pages have the same content in each data set. With a prime step, neighbours in the index are not read in turn.
    requests: ({ fullPageUsers }) =>
      generate((index) => userPage(itemAt(fullPageUsers, index * 7919))),
  },
  {
    ...READS,
    name: 'My timeline',
    hasNodeAlone: true,
    target: { ofHello: 0.35, timesOriginal: 300 },
    requests: ({ data }) => generate((index) => homeTimeline(userAt(data, index))),
  },
  {
    ...READS,
    name: 'Public timeline, older',
    target: { ofHello: 0.2, timesOriginal: null },
    requests: ({ data }) =>
      generate((index) => ({
        path: `/public?before=${1000 + ((index * 7919) % (data.messages - 1000))}`,
        expected: '<h1>Public Timeline</h1>',
      })),
  },
  {
    ...READS,
    name: 'A user’s page, older',
    target: { ofHello: 0.2, timesOriginal: null },
    requests: ({ older }) => generate((index) => itemAt(older.userPages, index)),
  },
  {
    ...READS,
    name: 'My timeline, older',
    target: { ofHello: 0.2, timesOriginal: null },
    requests: ({ older }) => generate((index) => itemAt(older.homeTimelines, index)),
  },
  {
    ...WRITES,
    name: 'Posting',
    target: { ofHello: 0.2, timesOriginal: null },
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

function* generate<T>(make: (index: number) => T): Generator<T> {
  for (let index = 0; ; index++) yield make(index);
}

function toPlain(request: WebRequest): WebRequest {
  return { ...request, isPlain: true };
}

function itemAt<T>(from: T[], index: number): T {
  const item = from[index % from.length];
  if (item === undefined) throw new Error('The list is empty.');
  return item;
}

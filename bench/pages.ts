import { drawUsers } from './data.ts';
import type { DataSet } from './data-sets.ts';
import { listStrangers } from './strangers.ts';
import type { OlderPages } from './older-pages.ts';
import { homeTimeline, login, userAt, userPage } from './page-requests.ts';
import type { WebRequest } from './requests.ts';

/** What a page is measured with. */
export interface Source {
  data: DataSet;
  older: OlderPages;
}

/** Something that is asked of MiniTwit, and what is to be reached on data set M. */
export interface Page {
  name: string;
  /** Whether it changes the data. */
  changes: boolean;
  connections: number;
  target: { ofHello: number; timesOriginal: number | null } | null;
  /** How long to ask for it before it is measured, in warm-ups. */
  warmUps: number;
  /** Requests without end, the same each time. */
  requests(source: Source): Requests;
}

/** Requests to be taken one after the other. */
export type Requests = AsyncIterator<WebRequest> | Iterator<WebRequest>;

const MANY = 64;
// of logins, no more may wait for a thread than this and some
const FEW = 16;
const TEXT =
  'walked along the river this morning before work, and all of the town was still asleep';

const reads = { changes: false, connections: MANY, target: null, warmUps: 1 };
const changes = { changes: true, connections: MANY, target: null, warmUps: 1 };

/** All that is measured, what changes the data last. */
export const PAGES = [
  {
    ...reads,
    name: 'Public timeline',
    target: { ofHello: 0.6, timesOriginal: 1000 },
    requests: () => forever(() => ({ path: '/public', answer: '<h1>Public Timeline</h1>' })),
  },
  {
    ...reads,
    name: 'A user’s page',
    target: { ofHello: 0.35, timesOriginal: 1000 },
    // until those that are asked for often are kept
    warmUps: 6,
    requests: ({ data }) => drawUsers(data.users, 11).map(userPage),
  },
  {
    ...reads,
    name: 'My timeline',
    target: { ofHello: 0.1, timesOriginal: 300 },
    requests: ({ data }) => forever((index) => homeTimeline(userAt(data, index))),
  },
  {
    ...reads,
    name: 'Public timeline, older',
    requests: ({ data }) =>
      forever((index) => ({
        path: `/public?before=${1000 + ((index * 7919) % (data.messages - 1000))}`,
        answer: '<h1>Public Timeline</h1>',
      })),
  },
  {
    ...reads,
    name: 'A user’s page, older',
    requests: ({ older }) => forever((index) => pick(older.ofUsers, index)),
  },
  {
    ...reads,
    name: 'My timeline, older',
    requests: ({ older }) => forever((index) => pick(older.ofReaders, index)),
  },
  {
    ...changes,
    name: 'Posting',
    target: { ofHello: 0.08, timesOriginal: null },
    requests: ({ data }) =>
      forever((index) => ({
        path: '/add_message',
        userId: userAt(data, index),
        form: { text: `${TEXT} (${index})` },
        answer: '/',
      })),
  },
  {
    ...changes,
    name: 'Following',
    requests: ({ data }) => listStrangers(data),
  },
  {
    ...changes,
    name: 'Login',
    connections: FEW,
    requests: ({ data }) => forever((index) => login(userAt(data, index))),
  },
] satisfies Page[] as Page[];

/** Gives the next requests. */
export async function take(requests: Requests, count: number): Promise<WebRequest[]> {
  const taken: WebRequest[] = [];
  while (taken.length < count) {
    const { value, done } = await requests.next();
    if (done) break;
    taken.push(value);
  }
  return taken;
}

function* forever<T>(make: (index: number) => T): Generator<T> {
  for (let index = 0; ; index++) yield make(index);
}

function pick<T>(from: T[], index: number): T {
  const picked = from[index % from.length];
  if (picked === undefined) throw new Error('There is nothing to pick from.');
  return picked;
}

import { drawVisits } from './data.ts';
import type { DataSet } from './data-sets.ts';
import { exchange, readText } from './exchange.ts';
import { homeTimeline, userAt, userPage } from './page-requests.ts';
import type { WebRequest } from './requests.ts';
import type { WebServer } from './servers.ts';

/** Requests for the second pages of timelines. */
export interface OlderPages {
  userPages: WebRequest[];
  homeTimelines: WebRequest[];
}

const CONCURRENT_REQUESTS = 16;

/** Requests `count` newest pages of each kind, and returns the requests to which their links to older messages lead. */
export async function findOlderPages(
  server: WebServer,
  data: DataSet,
  count: number,
): Promise<OlderPages> {
  const users = drawVisits(data.users, 12).take(count).map(userPage).toArray();
  const readers = Array.from({ length: count }, (_, index) => homeTimeline(userAt(data, index)));
  return {
    userPages: await findAllOlder(server, users),
    homeTimelines: await findAllOlder(server, readers),
  };
}

async function findAllOlder(server: WebServer, newest: WebRequest[]): Promise<WebRequest[]> {
  const older: (WebRequest | null)[] = [];
  for (let start = 0; start < newest.length; start += CONCURRENT_REQUESTS) {
    const batch = newest.slice(start, start + CONCURRENT_REQUESTS);
    older.push(...(await Promise.all(batch.map((request) => findOlder(server, request)))));
  }
  return older.filter((request) => request !== null);
}

async function findOlder(server: WebServer, request: WebRequest): Promise<WebRequest | null> {
  const page = readText(await exchange(server, request));
  const path = /href="([^"]*\?before=\d+)"/.exec(page)?.[1];
  return path === undefined ? null : { ...request, path };
}

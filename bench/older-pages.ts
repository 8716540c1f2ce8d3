import { drawUsers } from './data.ts';
import type { DataSet } from './data-sets.ts';
import { homeTimeline, userAt, userPage } from './page-requests.ts';
import { ask, type WebRequest } from './requests.ts';
import type { WebServer } from './servers.ts';

/** Second pages, as readers come to them. */
export interface OlderPages {
  ofUsers: WebRequest[];
  ofReaders: WebRequest[];
}

const AT_ONCE = 16;

/** Opens newest pages and follows their links to older messages, where there are any. */
export async function findOlderPages(
  server: WebServer,
  data: DataSet,
  count: number,
): Promise<OlderPages> {
  const drawn = drawUsers(data.users, 12).take(count).map(userPage).toArray();
  const readers = Array.from({ length: count }, (_, index) => homeTimeline(userAt(data, index)));
  return { ofUsers: await followAll(server, drawn), ofReaders: await followAll(server, readers) };
}

async function followAll(server: WebServer, newest: WebRequest[]): Promise<WebRequest[]> {
  const older: (WebRequest | null)[] = [];
  for (let start = 0; start < newest.length; start += AT_ONCE) {
    const some = newest.slice(start, start + AT_ONCE);
    older.push(...(await Promise.all(some.map((request) => followOlder(server, request)))));
  }
  return older.filter((request) => request !== null);
}

async function followOlder(server: WebServer, request: WebRequest): Promise<WebRequest | null> {
  const page = await ask(server, request);
  const path = /href="([^"]*\?before=\d+)"/.exec(page)?.[1];
  return path === undefined ? null : { ...request, path };
}

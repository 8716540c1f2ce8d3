import { setTimeout as sleep } from 'node:timers/promises';
import type { Surroundings } from './measure.ts';
import { login, userAt } from './page-requests.ts';
import type { WebRequest } from './requests.ts';
import type { WebServer } from './servers.ts';
import { drive, type Figures } from './wrk.ts';

/** The public timeline without and with people who log in without pause. */
export interface Storm {
  /** How many read at once. */
  readers: number;
  calm: Figures;
  stormy: Figures;
  logins: Figures;
}

const READERS = [1, 64];
const CLIENTS = 16;
const BEGIN_MS = 500;
const PUBLIC: WebRequest = { path: '/public', answer: '' };

/** Measures what a storm of logins does to somebody who reads alone, and to many. */
export async function measureStorm(
  server: WebServer,
  { source: { data }, options, folder, tell }: Surroundings,
): Promise<Storm[]> {
  const seconds = options.stormS;
  const guests = Array.from({ length: 1000 }, (_, index) => login(userAt(data, index)));
  const storms: Storm[] = [];
  for (const readers of READERS) {
    const read = { server, requests: [PUBLIC], connections: readers, seconds, folder };
    const calm = await drive(read);
    // it begins before and ends after
    const storm = { ...read, requests: guests, connections: CLIENTS, seconds: seconds + 2 };
    const [logins, stormy] = await Promise.all([
      drive(storm),
      sleep(BEGIN_MS).then(() => drive(read)),
    ]);
    storms.push({ readers, calm, stormy, logins });
    tell(`Login storm, ${readers} readers: p99 ${calm.p99Ms} ms, then ${stormy.p99Ms} ms`);
  }
  return storms;
}

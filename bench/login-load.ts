import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchContext } from './measure.ts';
import { login, userAt } from './page-requests.ts';
import type { WebRequest } from './requests.ts';
import type { WebServer } from './servers.ts';
import { runWrk, type LoadResult } from './wrk.ts';

/** The public timeline without logins, and during continuous logins. */
export interface LoginLoadResult {
  /** The number of connections that read the public timeline. */
  readers: number;
  withoutLogins: LoadResult;
  withLogins: LoadResult;
  logins: LoadResult;
}

const READERS = [1, 64];
const LOGIN_CONNECTIONS = 16;
const READ_DELAY_MS = 500;
const PUBLIC: WebRequest = { path: '/public', expected: '' };

/** Measures how continuous logins slow down a single reader, and 64 readers. */
export async function measureLoginLoad(
  server: WebServer,
  { source: { data }, options, folder, logProgress }: BenchContext,
): Promise<LoginLoadResult[]> {
  const seconds = options.loginLoadS;
  const loginRequests = Array.from({ length: 1000 }, (_, index) => login(userAt(data, index)));
  const results: LoginLoadResult[] = [];
  for (const readers of READERS) {
    const read = { server, requests: [PUBLIC], connections: readers, seconds, folder };
    const withoutLogins = await runWrk(read);
    // The logins start before the reads and end after them.
    const load = {
      ...read,
      requests: loginRequests,
      connections: LOGIN_CONNECTIONS,
      seconds: seconds + 2,
    };
    const [logins, withLogins] = await Promise.all([
      runWrk(load),
      sleep(READ_DELAY_MS).then(() => runWrk(read)),
    ]);
    results.push({ readers, withoutLogins, withLogins, logins });
    logProgress(
      `Logins, ${readers} readers: p99 ${withoutLogins.p99Ms} ms without, ${withLogins.p99Ms} ms with`,
    );
  }
  return results;
}

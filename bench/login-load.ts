import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchContext } from './bench-context.ts';
import { login, userAt } from './page-requests.ts';
import { LOGIN_CONNECTIONS, PAGE_CONNECTIONS } from './bench-page.ts';
import type { WebRequest } from './requests.ts';
import type { WebServer } from './servers.ts';
import { runWrk, type LoadResult } from './wrk.ts';

/** The public timeline without logins, and during continuous logins. */
export interface LoginLoadResult {
  /** The number of connections that read the public timeline. */
  readers: number;
  isCompressed: boolean;
  withoutLogins: LoadResult;
  withLogins: LoadResult;
  logins: LoadResult;
}

const CASES = [
  { readers: 1, isCompressed: true },
  { readers: PAGE_CONNECTIONS, isCompressed: true },
  { readers: PAGE_CONNECTIONS, isCompressed: false },
];
const READ_DELAY_MS = 500;

/** Measures how continuous logins slow down a single reader, and many readers, with and without compressed pages. */
export async function measureLoginLoad(
  server: WebServer,
  { source: { data }, options, folder, logProgress }: BenchContext,
): Promise<LoginLoadResult[]> {
  const seconds = options.loginLoadS;
  const loginRequests = Array.from({ length: 1000 }, (_, index) => login(userAt(data, index)));
  const results: LoginLoadResult[] = [];
  for (const { readers, isCompressed } of CASES) {
    const page: WebRequest = { path: '/public', expected: '', isPlain: !isCompressed };
    const read = { server, requests: [page], connections: readers, seconds, folder };
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
    results.push({ readers, isCompressed, withoutLogins, withLogins, logins });
    logProgress(
      `Logins, ${readers} readers: p99 ${withoutLogins.p99Ms} ms without, ${withLogins.p99Ms} ms with`,
    );
  }
  return results;
}

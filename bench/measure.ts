import { waitUntilIdle } from './databases.ts';
import { type BenchPage, PAGES, type Requests, type RequestSource, takeRequests } from './pages.ts';
import { sendRequest, type WebRequest } from './requests.ts';
import type { PROGRAMS, WebServer } from './servers.ts';
import { runWrk, type LoadResult } from './wrk.ts';
import type { Options } from './options.ts';

/** The servers that are compared. The original is null where the data set is too large for it. */
export interface Servers {
  hello: WebServer;
  ours: WebServer;
  original: WebServer | null;
}

/** The results of one round for one page. */
export type Round = { hello: LoadResult; ours: LoadResult; original: LoadResult | null };

/** The results of all rounds for one page. `cold` is the first warm-up. */
export interface PageResult {
  page: BenchPage;
  rounds: Round[];
  cold: LoadResult | null;
}

/** The data, options and folder of all measurements with a data set. */
export interface BenchContext {
  source: RequestSource;
  options: Options;
  folder: string;
  logProgress: (progress: string) => void;
}

/** The number of different requests for a run of wrk. After the last, wrk starts again with the first. */
export const REQUESTS_PER_RUN = 20_000;
// Two connections use both cores. With more, requests would wait for each other.
const ORIGINAL_CONNECTIONS = 2;
const HELLO_WARM_UP_S = 1;
const HELLO: WebRequest = { path: '/', expected: 'hello' };
const CHECKED_REQUESTS = 8;
// wrk counts complete responses only. With fewer than this, the incomplete ones would distort the rate.
const ORIGINAL_MIN_RESPONSES = 10;
/** The longest run of the original, in seconds. */
export const ORIGINAL_MAX_S = 20;

/** Measures every page on each server in turn, for several rounds. Pages that write come last. */
export async function measurePages(servers: Servers, context: BenchContext): Promise<PageResult[]> {
  const measured: PageResult[] = [];
  for (const changes of [false, true]) {
    const some = PAGES.filter((page) => page.writes === changes);
    const comparisons = some.map((page) => new Comparison(page, servers, context));
    for (let round = 0; round < context.options.rounds; round++) {
      for (const comparison of comparisons) {
        if (round === 0) await comparison.prepare();
        await comparison.measure(round);
      }
    }
    measured.push(...comparisons.map(({ page, rounds, cold }) => ({ page, rounds, cold })));
  }
  return measured;
}

/** One page on all servers. */
class Comparison {
  readonly page: BenchPage;
  readonly rounds: Round[] = [];
  cold: LoadResult | null = null;
  readonly #servers: Servers;
  readonly #context: BenchContext;
  readonly #requests: Record<'ours' | 'original', Requests>;
  /** The original's mean response time. */
  #originalMs = 0;

  constructor(page: BenchPage, servers: Servers, context: BenchContext) {
    this.page = page;
    this.#servers = servers;
    this.#context = context;
    const { source } = context;
    this.#requests = { ours: page.requests(source), original: page.requests(source) };
  }

  /** Checks some responses, and warms up. */
  async prepare(): Promise<void> {
    const { options } = this.#context;
    for (const program of ['ours', 'original'] as const) {
      const server = this.#servers[program];
      if (!server) continue;
      const requests = await takeRequests(this.#requests[program], CHECKED_REQUESTS);
      const startedAtMs = performance.now();
      for (const request of requests) await sendRequest(server, request);
      if (program === 'original')
        this.#originalMs = (performance.now() - startedAtMs) / CHECKED_REQUESTS;
    }
    await this.#run('hello', HELLO_WARM_UP_S);
    for (let time = 0; time < this.page.warmUps; time++) {
      const result = await this.#run('ours', options.warmUpS);
      this.cold ??= result;
    }
  }

  async measure(round: number): Promise<void> {
    const { options, source, logProgress } = this.#context;
    const { hello: helloS, ours: oursS, original: minS } = options.secondsEach;
    const neededS = Math.ceil(
      (this.#originalMs * ORIGINAL_MIN_RESPONSES) / ORIGINAL_CONNECTIONS / 1000,
    );
    const originalS = Math.min(Math.max(minS, neededS), ORIGINAL_MAX_S);
    const hello = await this.#run('hello', helloS);
    const ours = await this.#run('ours', oursS);
    const original = this.#servers.original && (await this.#run('original', originalS));
    await waitUntilIdle(source.data.ours);
    this.rounds.push({ hello, ours, original });
    const rates = [hello, ours, original].map((each) => each?.requestsPerS.toFixed(1) ?? '–');
    logProgress(`${this.page.name}, round ${round + 1}: ${rates.join(' / ')} requests/s`);
  }

  async #run(program: keyof typeof PROGRAMS, seconds: number): Promise<LoadResult> {
    const server = this.#servers[program];
    if (!server) throw new Error(`The server ${program} is not running.`);
    const requests =
      program === 'hello' ? [HELLO] : await takeRequests(this.#requests[program], REQUESTS_PER_RUN);
    const connections = program === 'original' ? ORIGINAL_CONNECTIONS : this.page.connections;
    return runWrk({ server, requests, connections, seconds, folder: this.#context.folder });
  }
}

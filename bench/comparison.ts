import { join } from 'node:path';
import type { BenchContext, Servers } from './bench-context.ts';
import { exchange } from './exchange.ts';
import { captureResponses } from './node-responses.ts';
import { type BenchPage, type Requests, REQUESTS_PER_RUN, takeRequests } from './bench-page.ts';
import type { WebRequest } from './requests.ts';
import type { WebServer } from './servers.ts';
import { type LoadResult, runWrk } from './wrk.ts';

/** The results of one server, and those of hello before and after it. */
export interface BesideHello {
  result: LoadResult;
  hellos: [LoadResult, LoadResult];
}

/** The results of one round for one page. */
export interface Round {
  ours: BesideHello;
  nodeAlone: BesideHello | null;
  original: LoadResult | null;
}

// Two connections use both cores. With more, requests would wait for each other.
const ORIGINAL_CONNECTIONS = 2;
const HELLO_WARM_UP_S = 1;
const HELLO: WebRequest = { path: '/', expected: 'hello' };
const CHECKED_REQUESTS = 8;
// Users' pages differ in size.
const CAPTURED_RESPONSES = 100;
// wrk counts complete responses only. With fewer than this, the incomplete ones would distort the rate.
const ORIGINAL_MIN_RESPONSES = 10;
/** The longest run of the original, in seconds. */
export const ORIGINAL_MAX_S = 20;

/** One page on all servers. */
export class Comparison {
  readonly page: BenchPage;
  readonly rounds: Round[] = [];
  cold: LoadResult | null = null;
  readonly #servers: Servers;
  readonly #context: BenchContext;
  readonly #ours: WebServer;
  readonly #original: WebServer | null;
  readonly #requests: Record<'ours' | 'original', Requests>;
  #nodeAlone: { server: WebServer; requests: WebRequest[] } | null = null;
  /** The original's mean response time. */
  #originalMs = 0;

  constructor(page: BenchPage, servers: Servers, context: BenchContext) {
    this.page = page;
    this.#servers = servers;
    this.#context = context;
    this.#ours = servers[page.server];
    this.#original = page.isVariant ? null : servers.original;
    const { source } = context;
    this.#requests = { ours: page.requests(source), original: page.requests(source) };
  }

  /** Checks some responses, starts Node's own server with such responses, and warms up. */
  async prepare(): Promise<void> {
    const { options } = this.#context;
    await this.#check(this.#ours, this.#requests.ours);
    if (this.#original)
      this.#originalMs = await this.#check(this.#original, this.#requests.original);
    await this.#startNodeAlone();
    await this.#runHello(HELLO_WARM_UP_S);
    for (let time = 0; time < this.page.warmUps; time++) {
      const result = await this.#runOurs(options.warmUpS);
      this.cold ??= result;
    }
    await this.#runNodeAlone(HELLO_WARM_UP_S);
  }

  async measure(round: number): Promise<void> {
    const { options, logProgress } = this.#context;
    const { hello: helloS, ours: oursS } = options.secondsEach;
    const before = await this.#runHello(helloS);
    const result = await this.#runOurs(oursS);
    const after = await this.#runHello(helloS);
    const ours: BesideHello = { result, hellos: [before, after] };
    const alone = await this.#runNodeAlone(oursS);
    const nodeAlone: BesideHello | null = alone && {
      result: alone,
      hellos: [after, await this.#runHello(helloS)],
    };
    const original = this.#original && (await this.#runOriginal(this.#original));
    this.rounds.push({ ours, nodeAlone, original });
    const rates = {
      hello: before,
      ours: result,
      'hello again': after,
      'Node alone': nodeAlone?.result,
      original,
    };
    const texts = Object.entries(rates).flatMap(([name, load]) =>
      load ? [`${name} ${load.requestsPerS.toFixed(1)}`] : [],
    );
    logProgress(`${this.page.name}, round ${round + 1}: ${texts.join(', ')} requests/s`);
  }

  /** Returns the mean response time in milliseconds. */
  async #check(server: WebServer, requests: Requests): Promise<number> {
    const checked = await takeRequests(requests, CHECKED_REQUESTS);
    const startedAtMs = performance.now();
    for (const request of checked) await exchange(server, request);
    return (performance.now() - startedAtMs) / CHECKED_REQUESTS;
  }

  async #startNodeAlone(): Promise<void> {
    const { page } = this;
    const { source, folder } = this.#context;
    if (!page.hasNodeAlone || !this.#servers.startNodeAlone) return;
    const requests = await takeRequests(page.requests(source), CAPTURED_RESPONSES);
    const path = join(folder, `responses of ${page.name}`);
    await captureResponses(this.#ours, requests, path);
    this.#nodeAlone = { server: await this.#servers.startNodeAlone(path), requests };
  }

  async #runOurs(seconds: number): Promise<LoadResult> {
    const requests = await takeRequests(this.#requests.ours, REQUESTS_PER_RUN);
    return this.#run(this.#ours, requests, seconds);
  }

  async #runNodeAlone(seconds: number): Promise<LoadResult | null> {
    if (!this.#nodeAlone) return null;
    const { server, requests } = this.#nodeAlone;
    return this.#run(server, requests, seconds);
  }

  async #runOriginal(server: WebServer): Promise<LoadResult> {
    const neededS = (this.#originalMs * ORIGINAL_MIN_RESPONSES) / ORIGINAL_CONNECTIONS / 1000;
    const minS = this.#context.options.secondsEach.original;
    const seconds = Math.min(Math.max(minS, Math.ceil(neededS)), ORIGINAL_MAX_S);
    const requests = await takeRequests(this.#requests.original, REQUESTS_PER_RUN);
    return this.#run(server, requests, seconds, ORIGINAL_CONNECTIONS);
  }

  #runHello(seconds: number): Promise<LoadResult> {
    return this.#run(this.#servers.hello, [HELLO], seconds);
  }

  #run(
    server: WebServer,
    requests: WebRequest[],
    seconds: number,
    connections: number = this.page.connections,
  ): Promise<LoadResult> {
    return runWrk({ server, requests, connections, seconds, folder: this.#context.folder });
  }
}

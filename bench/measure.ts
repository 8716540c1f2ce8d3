import { settle } from './databases.ts';
import { type Page, PAGES, type Requests, type Source, take } from './pages.ts';
import { ask, type WebRequest } from './requests.ts';
import type { PROGRAMS, WebServer } from './servers.ts';
import { drive, type Figures } from './wrk.ts';
import type { Options } from './options.ts';

/** The servers that are compared; without the original where the data is too much for it. */
export interface Servers {
  hello: WebServer;
  ours: WebServer;
  original: WebServer | null;
}

/** One page's figures of one round. */
export type Round = { hello: Figures; ours: Figures; original: Figures | null };

/** One page's figures of all rounds, and of the first warm-up. */
export interface Measured {
  page: Page;
  rounds: Round[];
  cold: Figures | null;
}

/** What a measurement takes beside its servers. */
export interface Surroundings {
  source: Source;
  options: Options;
  folder: string;
  tell: (progress: string) => void;
}

/** How many requests wrk gets for a turn; after the last, it begins with the first again. */
export const REQUESTS_EACH = 20_000;
// enough to keep both cores busy; with more, each would wait for the others
const ORIGINAL_CONNECTIONS = 2;
const HELLO_WARM_UP_S = 1;
const HELLO: WebRequest = { path: '/', answer: 'hello' };
const CHECKED = 8;
// wrk counts what is answered within its time: with fewer answers, what it leaves out would weigh
const ORIGINAL_ANSWERS = 10;
/** How long the original is given for its answers. */
export const ORIGINAL_MAX_S = 20;

/** Measures every page on all servers in turn, several times: machines are noisy. */
export async function measurePages(
  servers: Servers,
  surroundings: Surroundings,
): Promise<Measured[]> {
  const measured: Measured[] = [];
  for (const changes of [false, true]) {
    const some = PAGES.filter((page) => page.changes === changes);
    const comparisons = some.map((page) => new Comparison(page, servers, surroundings));
    for (let round = 0; round < surroundings.options.rounds; round++) {
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
  readonly page: Page;
  readonly rounds: Round[] = [];
  cold: Figures | null = null;
  readonly #servers: Servers;
  readonly #surroundings: Surroundings;
  readonly #requests: Record<'ours' | 'original', Requests>;
  /** How long one answer of the original takes. */
  #originalMs = 0;

  constructor(page: Page, servers: Servers, surroundings: Surroundings) {
    this.page = page;
    this.#servers = servers;
    this.#surroundings = surroundings;
    const { source } = surroundings;
    this.#requests = { ours: page.requests(source), original: page.requests(source) };
  }

  /** Looks whether the answers are right, and warms up. */
  async prepare(): Promise<void> {
    const { options } = this.#surroundings;
    for (const program of ['ours', 'original'] as const) {
      const server = this.#servers[program];
      if (!server) continue;
      const requests = await take(this.#requests[program], CHECKED);
      const startedAtMs = performance.now();
      for (const request of requests) await ask(server, request);
      if (program === 'original') this.#originalMs = (performance.now() - startedAtMs) / CHECKED;
    }
    await this.#drive('hello', HELLO_WARM_UP_S);
    for (let time = 0; time < this.page.warmUps; time++) {
      const figures = await this.#drive('ours', options.warmUpS);
      this.cold ??= figures;
    }
  }

  async measure(round: number): Promise<void> {
    const { options, source, tell } = this.#surroundings;
    const { hello: helloS, ours: oursS, original: leastS } = options.secondsEach;
    const wantedS = Math.ceil((this.#originalMs * ORIGINAL_ANSWERS) / ORIGINAL_CONNECTIONS / 1000);
    const originalS = Math.min(Math.max(leastS, wantedS), ORIGINAL_MAX_S);
    const hello = await this.#drive('hello', helloS);
    const ours = await this.#drive('ours', oursS);
    const original = this.#servers.original && (await this.#drive('original', originalS));
    await settle(source.data.ours);
    this.rounds.push({ hello, ours, original });
    const rates = [hello, ours, original].map((each) => each?.requestsPerS.toFixed(1) ?? '–');
    tell(`${this.page.name}, round ${round + 1}: ${rates.join(' / ')} requests a second`);
  }

  async #drive(program: keyof typeof PROGRAMS, seconds: number): Promise<Figures> {
    const server = this.#servers[program];
    if (!server) throw new Error(`${program} does not run.`);
    const requests =
      program === 'hello' ? [HELLO] : await take(this.#requests[program], REQUESTS_EACH);
    const connections = program === 'original' ? ORIGINAL_CONNECTIONS : this.page.connections;
    return drive({ server, requests, connections, seconds, folder: this.#surroundings.folder });
  }
}

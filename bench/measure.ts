import { waitUntilIdle } from './databases.ts';
import { Comparison, type StartNodeAlone } from './comparison.ts';
import type { BenchPage, OwnServer, RequestSource } from './pages.ts';
import type { Options } from './options.ts';
import type { WebServer } from './servers.ts';
import type { LoadResult } from './wrk.ts';

/** The servers that are compared. */
export interface Servers extends Record<OwnServer, WebServer> {
  hello: WebServer;
  /** Null where the data set is too large for it. */
  original: WebServer | null;
  /** Null if Node's own server is not measured. */
  startNodeAlone: StartNodeAlone | null;
}

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

/** Measures every chosen page on each server in turn, for several rounds. Pages that write come last. */
export async function measurePages(servers: Servers, context: BenchContext): Promise<PageResult[]> {
  const measured: PageResult[] = [];
  for (const changes of [false, true]) {
    const some = context.options.pages.filter((page) => page.writes === changes);
    const comparisons = some.map((page) => new Comparison(page, servers, context));
    for (let round = 0; round < context.options.rounds; round++) {
      for (const comparison of comparisons) {
        if (round === 0) await comparison.prepare();
        await comparison.measure(round);
        await waitUntilIdle(context.source.data.ours);
      }
    }
    measured.push(...comparisons.map(({ page, rounds, cold }) => ({ page, rounds, cold })));
  }
  return measured;
}

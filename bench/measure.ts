import type { BenchContext, Servers } from './bench-context.ts';
import type { BenchPage } from './bench-page.ts';
import { Comparison, type Round } from './comparison.ts';
import { waitUntilIdle } from './databases.ts';
import type { LoadResult } from './wrk.ts';

/** The results of all rounds for one page. `cold` is the first warm-up. */
export interface PageResult {
  page: BenchPage;
  rounds: Round[];
  cold: LoadResult | null;
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

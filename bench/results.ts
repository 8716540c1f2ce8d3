import type { SizeName } from './data.ts';
import type { DatabaseKind } from './databases.ts';
import type { PageQueries } from './explain.ts';
import type { BesideHello } from './comparison.ts';
import type { PageResult } from './measure.ts';
import type { Options } from './options.ts';
import type { BenchPage } from './bench-page.ts';
import type { PageProfile } from './profile.ts';
import type { MemoryResult } from './soak.ts';
import type { LoginLoadResult } from './login-load.ts';
import type { LoadResult } from './wrk.ts';

/** The results of a run. */
export interface Results {
  options: Options;
  databases: DatabaseResults[];
  /** The duration of the run so far. */
  minutes: number;
}

/** The results on a database server. */
export interface DatabaseResults {
  kind: DatabaseKind;
  version: string;
  sizes: SizeResults[];
}

/** The results with a data set. `memory` and `profiles` are null where they were not measured. */
export interface SizeResults {
  size: SizeName;
  pages: PageResult[];
  queries: PageQueries[];
  loginLoads: LoginLoadResult[];
  memory: MemoryResult | null;
  profiles: PageProfile[] | null;
}

/** The medians of a page's rounds. */
export interface PageSummary {
  page: BenchPage;
  requestsPerS: number;
  p50Ms: number;
  p99Ms: number;
  /** Requests a second as a share of hello's. */
  ofHello: number;
  /** Those of Node's own server with the same bytes. Null if it did not run. */
  nodeAloneOfHello: number | null;
  /** Whether the original ran. Its figures are null if it did not, or sent no response. */
  hasOriginal: boolean;
  originalPerS: number | null;
  timesOriginal: number | null;
}

/** Summarizes a page. Ratios are computed within each round. */
export function summarize({ page, rounds }: PageResult): PageSummary {
  const ours = (value: (figures: LoadResult) => number) =>
    median(rounds.map((round) => value(round.ours.result)));
  const alone = rounds.flatMap(({ nodeAlone }) => nodeAlone ?? []);
  const withOriginal = rounds.flatMap(({ ours: { result }, original }) =>
    original && original.requests > 0 ? { result, original } : [],
  );
  const ofOriginal = (value: (round: { result: LoadResult; original: LoadResult }) => number) =>
    withOriginal.length === 0 ? null : median(withOriginal.map(value));
  return {
    page,
    requestsPerS: ours((figures) => figures.requestsPerS),
    p50Ms: ours((figures) => figures.p50Ms),
    p99Ms: ours((figures) => figures.p99Ms),
    ofHello: median(rounds.map((round) => shareOfHello(round.ours))),
    nodeAloneOfHello: alone.length === 0 ? null : median(alone.map(shareOfHello)),
    hasOriginal: rounds.some(({ original }) => original !== null),
    originalPerS: ofOriginal(({ original }) => original.requestsPerS),
    timesOriginal: ofOriginal(
      ({ result, original }) => result.requestsPerS / original.requestsPerS,
    ),
  };
}

/** Returns requests a second as a share of the mean of hello's before and after. */
function shareOfHello({ result, hellos: [before, after] }: BesideHello): number {
  return result.requestsPerS / ((before.requestsPerS + after.requestsPerS) / 2);
}

/** Returns the results with M, which has the targets, or else with the first data set. */
export function findMainSize({ sizes }: DatabaseResults): SizeResults | undefined {
  return sizes.find(({ size }) => size === 'M') ?? sizes[0];
}

/** Returns the median of some numbers. */
export function median(numbers: number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

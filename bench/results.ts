import type { SizeName } from './data.ts';
import type { DatabaseKind } from './databases.ts';
import type { PageQueries } from './explain.ts';
import type { Measured, Round } from './measure.ts';
import type { Options } from './options.ts';
import type { Page } from './pages.ts';
import type { PageProfile } from './profile.ts';
import type { Memory } from './soak.ts';
import type { Storm } from './storm.ts';
import type { Figures } from './wrk.ts';

/** Everything that was measured. */
export interface Results {
  options: Options;
  databases: DatabaseResults[];
  /** How long it took. */
  minutes: number;
}

/** What was measured on a database server. */
export interface DatabaseResults {
  kind: DatabaseKind;
  version: string;
  sizes: SizeResults[];
}

/** What was measured with a data set. */
export interface SizeResults {
  size: SizeName;
  pages: Measured[];
  queries: PageQueries[];
  storms: Storm[];
  memory: Memory | null;
  profiles: PageProfile[] | null;
}

/** A page in short: the medians of its rounds, ratios too. Without the original, or its answers, null. */
export interface Summary {
  page: Page;
  requestsPerS: number;
  p50Ms: number;
  p99Ms: number;
  ofHello: number;
  originalPerS: number | null;
  timesOriginal: number | null;
}

/** Sums up a page. Ratios are taken within each round first. */
export function summarize({ page, rounds }: Measured): Summary {
  const ours = (read: (figures: Figures) => number) =>
    median(rounds.map((round) => read(round.ours)));
  const withOriginal = rounds.flatMap(({ ours: each, original }) =>
    original && original.requests > 0 ? { ours: each, original } : [],
  );
  const ofOriginal = (read: (round: Pick<Round, 'ours'> & { original: Figures }) => number) =>
    withOriginal.length === 0 ? null : median(withOriginal.map(read));
  return {
    page,
    requestsPerS: ours((figures) => figures.requestsPerS),
    p50Ms: ours((figures) => figures.p50Ms),
    p99Ms: ours((figures) => figures.p99Ms),
    ofHello: median(rounds.map((round) => round.ours.requestsPerS / round.hello.requestsPerS)),
    originalPerS: ofOriginal(({ original }) => original.requestsPerS),
    timesOriginal: ofOriginal((round) => round.ours.requestsPerS / round.original.requestsPerS),
  };
}

/** The data set that the targets are for, or the only one that there is. */
export function mainSize({ sizes }: DatabaseResults): SizeResults | undefined {
  return sizes.find(({ size }) => size === 'M') ?? sizes[0];
}

/** The middle one of some numbers. */
export function median(numbers: number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

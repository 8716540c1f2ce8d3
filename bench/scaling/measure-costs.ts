import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type BenchPage,
  REQUESTS_PER_RUN,
  type RequestSource,
  takeRequests,
} from '../bench-page.ts';
import { PAGES } from '../pages.ts';
import { median } from '../results.ts';
import type { WebServer } from '../servers.ts';
import { runWrk } from '../wrk.ts';
import { type Cost, type Costs, type Setup, SETUPS } from './costs.ts';

/** The processes whose processor time is measured. */
export interface Processes {
  writerPid: number;
  replicaPid: number;
  servers: Record<Setup, WebServer>;
}

/** How long and how often each page is requested. */
export interface CostOptions {
  rounds: number;
  seconds: number;
  folder: string;
  logProgress: (progress: string) => void;
}

const TICKS_PER_S = 100;
// The replica applies the last writes, and the database runs the last queries.
const SETTLE_MS = 500;

/** Measures the costs of every page that is not a variant. Each round requests it with every setup in turn. Pages that write come last. */
export async function measureCosts(
  processes: Processes,
  source: RequestSource,
  options: CostOptions,
): Promise<Costs['pages']> {
  const pages: Costs['pages'] = [];
  for (const page of PAGES.filter(({ isVariant }) => !isVariant)) {
    const setups = await measurePage(page, { processes, source, options });
    pages.push({ name: page.name, setups });
    const writer = SETUPS.map((setup) => setups[setup].writerUs).join(', ');
    options.logProgress(`${page.name}: the writer needs ${writer} µs`);
  }
  return pages;
}

async function measurePage(
  page: BenchPage,
  {
    processes,
    source,
    options,
  }: { processes: Processes; source: RequestSource; options: CostOptions },
): Promise<Record<Setup, Cost>> {
  const requests = page.requests(source);
  const measured: Record<Setup, Cost[]> = { alone: [], replica: [], redis: [] };
  for (let round = 0; round <= options.rounds; round++) {
    for (const setup of SETUPS) {
      const taken = await takeRequests(requests, REQUESTS_PER_RUN);
      const cost = await measureProcesses(processes, setup, () =>
        runWrk({
          server: processes.servers[setup],
          requests: taken,
          connections: page.connections,
          seconds: options.seconds,
          folder: options.folder,
        }),
      );
      // The first round fills the caches.
      if (round > 0) measured[setup].push(cost);
    }
  }
  return {
    alone: medianCost(measured.alone),
    replica: medianCost(measured.replica),
    redis: medianCost(measured.redis),
  };
}

async function measureProcesses(
  { servers, writerPid, replicaPid }: Processes,
  setup: Setup,
  load: () => Promise<{ requests: number; bytes: number }>,
): Promise<Cost> {
  const pids = [servers[setup].pid, writerPid, replicaPid];
  const before = await Promise.all(pids.map(readCpuTicks));
  const { requests, bytes } = await load();
  await sleep(SETTLE_MS);
  const after = await Promise.all(pids.map(readCpuTicks));
  const [webUs = 0, writerUs = 0, replicaUs = 0] = after.map((ticks, index) =>
    Math.round((((ticks - (before[index] ?? 0)) / TICKS_PER_S) * 1e6) / requests),
  );
  return { webUs, writerUs, replicaUs, bytes: Math.round(bytes / requests) };
}

function medianCost(costs: Cost[]): Cost {
  return {
    webUs: median(costs.map(({ webUs }) => webUs)),
    writerUs: median(costs.map(({ writerUs }) => writerUs)),
    replicaUs: median(costs.map(({ replicaUs }) => replicaUs)),
    bytes: median(costs.map(({ bytes }) => bytes)),
  };
}

/** Returns the processor time of a process so far, user and system, in ticks of 10 ms. */
async function readCpuTicks(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The name of the program, in parentheses, may contain spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

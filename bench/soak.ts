import { readFile } from 'node:fs/promises';
import type { Environment } from '../src/config/environment.ts';
import { findFreePort } from '../src/dev/free-port.ts';
import type { BenchContext } from './bench-context.ts';
import { REQUESTS_PER_RUN, takeRequests } from './bench-page.ts';
import { PAGES } from './pages.ts';
import type { WebRequest } from './requests.ts';
import type { WebServer } from './servers.ts';
import { runWrk } from './wrk.ts';

/** The results of a minute under full load. */
export interface MinuteResult {
  requestsPerS: number;
  /** The resident set size of the process at the end of the minute, in MB of a million bytes. */
  memoryMb: number;
}

/** The process's memory under full load. */
export interface MemoryResult {
  /** Before the load, then after each minute. */
  minutes: MinuteResult[];
  /** The parts of the memory at the end, in MB. */
  parts: { name: string; mb: number }[];
}

const MINUTE_S = 60;
/** The number of connections of the full load. */
export const SOAK_CONNECTIONS = 64;
/** The requests in a thousand, by page. A page that is not listed gets none. A login takes as long as a hundred pages. */
export const REQUESTS_PER_THOUSAND: Record<string, number> = {
  'Public timeline': 240,
  'A user’s page': 200,
  'My timeline': 380,
  'Public timeline, older': 30,
  'A user’s page, older': 40,
  'My timeline, older': 60,
  Posting: 39,
  Following: 10,
  Login: 1,
};

/**
 * Sends a mix of all requests to a server that `start` starts, and measures its memory before the load and after
 * each minute.
 */
export async function measureMemory(
  start: (settings: Environment) => Promise<WebServer>,
  { source: data, options, folder, logProgress }: BenchContext,
): Promise<MemoryResult> {
  const metricsPort = await findFreePort();
  const server = await start({ METRICS_PORT: String(metricsPort) });
  const shares = PAGES.map((page) => ({
    requests: page.requests(data),
    share: REQUESTS_PER_THOUSAND[page.name] ?? 0,
  }));
  const minutes: MinuteResult[] = [{ requestsPerS: 0, memoryMb: await readMemoryMb(server.pid) }];
  for (let minute = 1; minute <= options.soakMinutes; minute++) {
    const requests: WebRequest[][] = [];
    for (const { requests: source, share } of shares) {
      requests.push(await takeRequests(source, (REQUESTS_PER_RUN * share) / 1000));
    }
    const load = { server, requests: interleave(requests), connections: SOAK_CONNECTIONS, folder };
    const { requestsPerS } = await runWrk({ ...load, seconds: MINUTE_S });
    minutes.push({ requestsPerS, memoryMb: await readMemoryMb(server.pid) });
    logProgress(`Memory after ${minute} minutes: ${minutes.at(-1)?.memoryMb.toFixed(0)} MB`);
  }
  return { minutes, parts: await readParts(server.pid, metricsPort) };
}

/** Reads the parts of the memory from the process's metrics. */
async function readParts(pid: number, metricsPort: number): Promise<MemoryResult['parts']> {
  const metrics = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  const read = (name: string) =>
    Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(metrics)?.[1]) / 1e6;
  const used = read('nodejs_heap_size_used_bytes');
  const total = read('nodejs_heap_size_total_bytes');
  const external = read('nodejs_external_memory_bytes');
  return [
    { name: 'V8’s heap, in use or garbage, with cached pages and messages', mb: used },
    { name: 'V8’s heap, free', mb: total - used },
    { name: 'Buffers outside V8’s heap', mb: external },
    {
      name: 'Node’s program, machine code, hashing threads and fragmentation',
      mb: (await readMemoryMb(pid)) - total - external,
    },
  ];
}

/** Returns all requests in one list, with each kind spread evenly over it. */
function interleave(kinds: WebRequest[][]): WebRequest[] {
  return kinds
    .flatMap((kind) => kind.map((request, index) => ({ request, at: (index + 0.5) / kind.length })))
    .toSorted((a, b) => a.at - b.at)
    .map(({ request }) => request);
}

async function readMemoryMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return (Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024) / 1e6;
}

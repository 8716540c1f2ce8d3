import { readFile } from 'node:fs/promises';
import { findFreePort } from '../src/dev/free-port.ts';
import { REQUESTS_EACH, type Surroundings } from './measure.ts';
import { PAGES, take } from './pages.ts';
import type { WebRequest } from './requests.ts';
import type { ServerOptions, WebServer } from './servers.ts';
import { drive } from './wrk.ts';

/** What a minute of full load did. */
export interface Minute {
  requestsPerS: number;
  /** What the process holds of the machine's memory at its end, in MB of a million bytes. */
  memoryMb: number;
}

/** The memory under full load. */
export interface Memory {
  /** Before the load, then after each minute of it. */
  minutes: Minute[];
  /** What it is made of at the end, in MB. */
  parts: { name: string; mb: number }[];
}

const MINUTE_S = 60;
const CONNECTIONS = 64;
/** Of a thousand requests; a login takes as long as a hundred pages. */
const MIX: Record<string, number> = {
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
 * Drives a server with a mixture of everything; measures its memory before that and each minute.
 * @param start starts a server
 */
export async function measureMemory(
  start: (program: 'ours', options: ServerOptions) => Promise<WebServer>,
  { source, options, folder, tell }: Surroundings,
): Promise<Memory> {
  const metricsPort = await findFreePort();
  const server = await start('ours', { settings: { METRICS_PORT: String(metricsPort) } });
  const shares = PAGES.map((page) => ({
    requests: page.requests(source),
    share: MIX[page.name] ?? 0,
  }));
  const minutes: Minute[] = [{ requestsPerS: 0, memoryMb: await readMemoryMb(server.pid) }];
  for (let minute = 1; minute <= options.soakMinutes; minute++) {
    const requests: WebRequest[][] = [];
    for (const { requests: more, share } of shares) {
      requests.push(await take(more, (REQUESTS_EACH * share) / 1000));
    }
    const load = { server, requests: mix(requests), connections: CONNECTIONS, folder };
    const { requestsPerS } = await drive({ ...load, seconds: MINUTE_S });
    minutes.push({ requestsPerS, memoryMb: await readMemoryMb(server.pid) });
    tell(`Memory after ${minute} minutes: ${minutes.at(-1)?.memoryMb.toFixed(0)} MB`);
  }
  return { minutes, parts: await readParts(server.pid, metricsPort) };
}

/** Asks Node itself what it needs the memory for. */
async function readParts(pid: number, metricsPort: number): Promise<Memory['parts']> {
  const metrics = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  const read = (name: string) =>
    Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(metrics)?.[1]) / 1e6;
  const used = read('nodejs_heap_size_used_bytes');
  const total = read('nodejs_heap_size_total_bytes');
  const external = read('nodejs_external_memory_bytes');
  return [
    { name: 'V8’s heap: in use, or garbage by now', mb: used },
    { name: 'V8’s heap: free, to be used next', mb: total - used },
    { name: 'outside of it: what is kept, as bytes, and what is being sent', mb: external },
    {
      name: 'Node’s own program, machine code, the threads that hash, and gaps',
      mb: (await readMemoryMb(pid)) - total - external,
    },
  ];
}

/** Spreads each kind evenly over the whole. */
function mix(kinds: WebRequest[][]): WebRequest[] {
  return kinds
    .flatMap((kind) => kind.map((request, index) => ({ request, at: (index + 0.5) / kind.length })))
    .toSorted((a, b) => a.at - b.at)
    .map(({ request }) => request);
}

async function readMemoryMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return (Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024) / 1e6;
}

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BenchContext } from './bench-context.ts';
import { type BenchPage, type OwnServer, REQUESTS_PER_RUN, takeRequests } from './bench-page.ts';
import type { WebServer } from './servers.ts';
import { runWrk } from './wrk.ts';

/** Microseconds of the server's main thread for one request of a page, by package, the largest first. */
export interface PageProfile {
  page: string;
  parts: { name: string; us: number }[];
}

/** The fields of V8's profile that are read. Times are in microseconds. */
interface CpuProfile {
  nodes: { id: number; callFrame: { functionName: string; url: string } }[];
  endTime: number;
  startTime: number;
  samples: number[];
  timeDeltas: number[];
}

/** The name of the time without work. */
export const IDLE = 'idle';

const SYSTEM_CALLS = /^(?:write|read|shutdown)/;

/**
 * Profiles each chosen page that has a target, with `node --cpu-prof`.
 * @param start starts a server of MiniTwit with more options of Node
 */
export async function profilePages(
  start: (name: OwnServer, nodeOptions: string[]) => Promise<WebServer>,
  context: BenchContext,
): Promise<PageProfile[]> {
  const profiles: PageProfile[] = [];
  const pages = context.options.pages.filter(({ target }) => target !== null);
  for (const [index, page] of pages.entries()) {
    const folder = join(context.folder, `profile-${index}`);
    const server = await start(page.server, ['--cpu-prof', `--cpu-prof-dir=${folder}`]);
    const requests = await loadPage(server, page, context);
    await server.stop('SIGTERM');
    const profile = await readMainThread(folder);
    const { ours: seconds } = context.options.secondsEach;
    profiles.push({ page: page.name, parts: sumBySource(profile, { requests, seconds }) });
    context.logProgress(`Profile: ${page.name}`);
  }
  return profiles;
}

/** Returns the number of requests that the last run measured. */
async function loadPage(
  server: WebServer,
  page: BenchPage,
  { source, folder, options }: BenchContext,
) {
  const requests = page.requests(source);
  const run = async (seconds: number) => {
    const batch = await takeRequests(requests, REQUESTS_PER_RUN);
    return runWrk({ server, requests: batch, connections: page.connections, seconds, folder });
  };
  for (let time = 0; time < page.warmUps; time++) await run(options.warmUpS);
  return (await run(options.secondsEach.ours)).requests;
}

/** Returns the profile of the main thread, which is thread 0. */
async function readMainThread(folder: string): Promise<CpuProfile> {
  const names = await readdir(folder);
  const name = names.find((each) => /^CPU\.\d+\.\d+\.\d+\.0\.\d+\.cpuprofile$/.test(each));
  if (name === undefined)
    throw new Error(
      `Node wrote no profile of the main thread. The folder has: ${names.join(', ')}`,
    );
  return JSON.parse(await readFile(join(folder, name), 'utf8')) as CpuProfile;
}

/** Sums the time of the last `seconds` by the source of the running code. */
function sumBySource(
  profile: CpuProfile,
  { requests, seconds }: { requests: number; seconds: number },
): PageProfile['parts'] {
  const names = new Map(profile.nodes.map(({ id, callFrame }) => [id, sourceOf(callFrame)]));
  const sums = new Map<string, number>();
  let time = profile.startTime;
  profile.samples.forEach((id, index) => {
    const delta = profile.timeDeltas[index] ?? 0;
    time += delta;
    if (time < profile.endTime - seconds * 1_000_000) return;
    const name = names.get(id) ?? '';
    sums.set(name, (sums.get(name) ?? 0) + delta);
  });
  return Array.from(sums, ([name, us]) => ({ name, us: us / requests })).toSorted(
    (a, b) => b.us - a.us,
  );
}

/** Returns the package, the file or the module of Node of a function. */
function sourceOf({ functionName, url }: { functionName: string; url: string }): string {
  const packaged = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
  if (packaged) return packaged;
  const own = /\/dist\/(.+)\.js$/.exec(url)?.[1];
  if (own) return `src/${own}.ts`;
  if (functionName === '(idle)') return IDLE;
  if (functionName === '(garbage collector)') return 'garbage collection';
  if (url === '' && SYSTEM_CALLS.test(functionName)) return 'system calls: sockets';
  const builtIn = /^node:(?:internal\/)?_?([a-z]+)/.exec(url)?.[1];
  if (builtIn) return `node:${builtIn}`;
  return functionName.startsWith('RegExp: ') ? 'regular expressions' : 'native code';
}

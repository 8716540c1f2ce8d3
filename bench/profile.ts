import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { REQUESTS_EACH, type Surroundings } from './measure.ts';
import { type Page, PAGES, take } from './pages.ts';
import type { WebServer } from './servers.ts';
import { drive } from './wrk.ts';

/** What the server's main thread does for one request of a page: microseconds by package, most first. */
export interface PageProfile {
  page: string;
  parts: { name: string; us: number }[];
}

/** What is read of V8's profile. Times are in microseconds. */
interface CpuProfile {
  nodes: { id: number; callFrame: { functionName: string; url: string } }[];
  endTime: number;
  startTime: number;
  samples: number[];
  timeDeltas: number[];
}

const SYSTEM_CALLS = /^(?:write|read|shutdown)/;

/**
 * Measures what the pages that have targets are spent on, with `node --cpu-prof`.
 * @param start starts a server with these options of Node's
 */
export async function profilePages(
  start: (nodeOptions: string[]) => Promise<WebServer>,
  surroundings: Surroundings,
): Promise<PageProfile[]> {
  const profiles: PageProfile[] = [];
  for (const [index, page] of PAGES.filter(({ target }) => target !== null).entries()) {
    const folder = join(surroundings.folder, `profile-${index}`);
    const server = await start(['--cpu-prof', `--cpu-prof-dir=${folder}`]);
    const requests = await drivePage(server, page, surroundings);
    await server.stop('SIGTERM');
    const profile = await readMainThread(folder);
    const { ours: seconds } = surroundings.options.secondsEach;
    profiles.push({ page: page.name, parts: sumUp(profile, { requests, seconds }) });
    surroundings.tell(`Profile: ${page.name}`);
  }
  return profiles;
}

/** Gives how many requests were answered in the last seconds. */
async function drivePage(server: WebServer, page: Page, { source, folder, options }: Surroundings) {
  const requests = page.requests(source);
  const once = async (seconds: number) => {
    const some = await take(requests, REQUESTS_EACH);
    return drive({ server, requests: some, connections: page.connections, seconds, folder });
  };
  for (let time = 0; time < page.warmUps; time++) await once(options.warmUpS);
  return (await once(options.secondsEach.ours)).requests;
}

/** Gives the profile of the main thread, which is thread 0. */
async function readMainThread(folder: string): Promise<CpuProfile> {
  const names = await readdir(folder);
  const name = names.find((each) => /^CPU\.\d+\.\d+\.\d+\.0\.\d+\.cpuprofile$/.test(each));
  if (name === undefined) throw new Error(`No profile was written: ${names.join(', ')}`);
  return JSON.parse(await readFile(join(folder, name), 'utf8')) as CpuProfile;
}

/** Sums up the last seconds before the end, by whose code ran. */
function sumUp(
  profile: CpuProfile,
  { requests, seconds }: { requests: number; seconds: number },
): PageProfile['parts'] {
  const names = new Map(profile.nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
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

/** Whose code a function is. */
function nameOf({ functionName, url }: { functionName: string; url: string }): string {
  const packaged = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
  if (packaged) return packaged;
  const own = /\/dist\/(.+)\.js$/.exec(url)?.[1];
  if (own) return `src/${own}.ts`;
  if (functionName === '(idle)') return 'waiting';
  if (functionName === '(garbage collector)') return 'garbage collection';
  if (url === '' && SYSTEM_CALLS.test(functionName)) return 'system calls: sockets';
  return 'Node';
}

// Measures how long the most expensive inputs that clients can send block the main thread: `node bench/inputs.ts`, with Node 24. Prints
// milliseconds of the thread's processor time for each call, the most expensive first; all with `--all`.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { FUNCTION_CASES } from './inputs/functions.ts';
import { largestPages } from './inputs/pages.ts';
import { REQUEST_CASES, type RequestCase } from './inputs/requests.ts';
import { type Site, startSite } from './inputs/site.ts';

const TARGET_MS = 5;
const MIN_CALLS = 5;
const MIN_MS = 100;
const SHOWN = 25;

interface Measured {
  name: string;
  ms: number;
  remark?: string;
}

const { values } = parseArgs({ options: { all: { type: 'boolean', default: false } } });
const functions: Measured[] = [];
for (const { name, run } of FUNCTION_CASES) functions.push({ name, ms: await measure(run) });
printAll('Functions', functions);
const site = await startSite();
const sender = fork(new URL('inputs/sender.ts', import.meta.url));
try {
  const requests: Measured[] = [];
  for (const each of REQUEST_CASES) requests.push(await measureRequest(each));
  printAll('Requests', requests);
  for (const line of await largestPages(site)) console.log(line);
} finally {
  sender.kill();
  await site.close();
}
process.exit();

/** Measures many calls together, since the system may count processor time in steps of some milliseconds. */
async function measure(call: () => unknown): Promise<number> {
  await call();
  const start = performance.now();
  const before = process.threadCpuUsage();
  let calls = 0;
  while (calls < MIN_CALLS || performance.now() - start < MIN_MS) {
    await call();
    calls++;
  }
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000 / calls;
}

async function measureRequest(each: RequestCase): Promise<Measured> {
  const message = { port: site.port, bytes: format(each, site) };
  let status = 0;
  const ms = await measure(async () => {
    sender.send(message);
    [{ status }] = (await once(sender, 'message')) as [{ status: number }];
  });
  return { name: each.name, ms, remark: String(status) };
}

/** Returns a request as it is sent. */
function format(
  { method, path, headers = {}, body, isUser }: RequestCase,
  { cookie }: Site,
): string {
  const all: Record<string, string> = {
    Host: 'localhost',
    Connection: 'close',
    ...(body !== undefined && { 'Content-Type': 'application/x-www-form-urlencoded' }),
    ...(body !== undefined && { 'Content-Length': String(Buffer.byteLength(body)) }),
    ...headers,
  };
  if (isUser) all.Cookie = headers.Cookie ? `${cookie}; ${headers.Cookie}` : cookie;
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body ?? ''}`;
}

function printAll(title: string, measured: Measured[]): void {
  const sorted = measured.toSorted((one, other) => other.ms - one.ms);
  const tooSlow = sorted.filter(({ ms }) => ms > TARGET_MS).length;
  console.log(`\n${title}: ${measured.length}, of which ${tooSlow} take more than ${TARGET_MS} ms`);
  for (const { name, ms, remark = '' } of values.all ? sorted : sorted.slice(0, SHOWN))
    console.log(`${ms.toFixed(2).padStart(9)} ms ${remark.padEnd(4)} ${name}`);
}

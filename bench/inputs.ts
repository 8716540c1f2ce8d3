// Measures for how long the most expensive inputs of clients block the main thread. Run it with Node 24:
// `node bench/inputs.ts`. It prints the processor time of each case in milliseconds, the highest first, and
// every case with `--all`.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { FUNCTION_CASES } from './inputs/functions.ts';
import { listPageSizes } from './inputs/pages.ts';
import { REQUEST_CASES, type RequestCase } from './inputs/requests.ts';
import { type Site, startSite } from './inputs/site.ts';

const TARGET_MS = 5;
const MIN_CALLS = 5;
const MIN_MS = 100;
const SHOWN_CASES = 25;

interface Measured {
  name: string;
  ms: number;
  status?: string;
}

const { values } = parseArgs({ options: { all: { type: 'boolean', default: false } } });
const functions: Measured[] = [];
for (const { name, run } of FUNCTION_CASES) functions.push({ name, ms: await measureCpuMs(run) });
printCases('Functions', functions);
const site = await startSite();
const sender = fork(new URL('inputs/sender.ts', import.meta.url));
try {
  const requests: Measured[] = [];
  for (const each of REQUEST_CASES) requests.push(await measureRequest(each));
  printCases('Requests', requests);
  for (const line of await listPageSizes(site)) console.log(line);
} finally {
  sender.kill();
  await site.close();
}
process.exit();

/** Returns the processor time of a call in milliseconds, as the mean of many: the system counts in coarse steps. */
async function measureCpuMs(call: () => unknown): Promise<number> {
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
  const message = { port: site.port, bytes: formatRequest(each, site) };
  let status = 0;
  const ms = await measureCpuMs(async () => {
    sender.send(message);
    [{ status }] = (await once(sender, 'message')) as [{ status: number }];
  });
  return { name: each.name, ms, status: String(status) };
}

/** Returns the bytes of an HTTP request. */
function formatRequest(
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

function printCases(title: string, measured: Measured[]): void {
  const sorted = measured.toSorted((one, other) => other.ms - one.ms);
  const tooSlow = sorted.filter(({ ms }) => ms > TARGET_MS).length;
  console.log(`\n${title}: ${measured.length}. ${tooSlow} take more than ${TARGET_MS} ms.`);
  for (const { name, ms, status = '' } of values.all ? sorted : sorted.slice(0, SHOWN_CASES))
    console.log(`${ms.toFixed(2).padStart(9)} ms ${status.padEnd(4)} ${name}`);
}

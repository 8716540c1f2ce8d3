// Measures the cost of a login and of a post with each store of the rate limits. Run it with Node 24, after
// `npm run build`: `node bench/limits-store.ts`. It prints the statements of the database (all, selects, writes and transactions
// of several statements), and the processor time of the database, of Redis and of the web server, for each request.
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import type { RowDataPacket } from 'mysql2/promise';
import type { DatabaseConfig } from '../src/config/config.ts';
import type { Environment } from '../src/config/environment.ts';
import { findFreePort } from '../src/dev/free-port.ts';
import { findTool } from '../test/support/tools.ts';
import { deferCleanup, runCleanups, stopOnSignals } from './cleanup.ts';
import { createDataSet, type DataSet } from './data-sets.ts';
import {
  type DatabaseKind,
  REAL_MYSQL,
  startDatabaseServer,
  withBenchConnection,
} from './databases.ts';
import { login, userAt } from './page-requests.ts';
import { sendRequest, type WebRequest } from './requests.ts';
import { startServer, type WebServer } from './servers.ts';

interface Store {
  name: string;
  settings: Environment;
  /** The process of Redis, or null if the database counts. */
  pid: number | null;
}

const FIGURES = [
  'statements',
  'selects',
  'writes',
  'begins',
  'database ms',
  'redis ms',
  'web ms',
] as const;

/** Figures since the start of the servers. The times are processor time in milliseconds. */
type Counts = Record<(typeof FIGURES)[number], number>;

const WARM_UP = 200;
// Requests that are sent one by one share no batch, and those of several clients do. More concurrent logins would wait
// too long for their hashes.
const RUNS = [
  { request: 'login', clients: 1, total: 100 },
  { request: 'post', clients: 1, total: 1000 },
  { request: 'login', clients: 4, total: 100 },
  { request: 'post', clients: 16, total: 2000 },
] as const;

stopOnSignals();
try {
  const kinds: DatabaseKind[] = existsSync(REAL_MYSQL) ? ['mariadb', 'mysql'] : ['mariadb'];
  for (const kind of kinds) await measureDatabase(kind);
} finally {
  await runCleanups();
}
process.exit();

async function measureDatabase(kind: DatabaseKind): Promise<void> {
  const server = await startDatabaseServer(kind);
  await deferCleanup(() => server.stop());
  const data = await createDataSet(server, 'S');
  const redis = await startRedis();
  const stores: Store[] = [
    { name: 'off', settings: { RATE_LIMITS: 'off' }, pid: null },
    { name: 'table', settings: { RATE_LIMITS: 'on' }, pid: null },
    { name: 'redis', settings: { RATE_LIMITS: 'on', LIMITS_STORE: redis.url }, pid: redis.pid },
  ];
  console.log(`\n${kind} ${server.version}`);
  console.log(formatRow('store', 'request', 'clients', FIGURES));
  for (const store of stores) await measureStore(store, data);
}

async function measureStore(store: Store, data: DataSet): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-bench-'));
  await deferCleanup(() => rm(folder, { recursive: true }));
  // The limits by address would refuse the logins.
  const limits = ['ALL_LOGINS_PER_ADDRESS', 'LOGINS_PER_ADDRESS'].map((name) => [
    `LIMIT_${name}`,
    '1000000',
  ]);
  const settings = { ...store.settings, ...Object.fromEntries(limits), LOG_LEVEL: 'warn' };
  const web = await startServer('ours', folder, { database: data.ours, settings });
  await deferCleanup(() => web.stop());
  const post = (index: number): WebRequest => ({
    path: '/add_message',
    userId: userAt(data, index),
    form: { text: `message ${index}` },
    expected: '/',
  });
  const logIn = (index: number) => login(userAt(data, index));
  await send(web, post, WARM_UP, 1);
  for (const { request, clients, total } of RUNS) {
    const before = await readCounts(data.ours, store, web);
    await send(web, request === 'login' ? logIn : post, total, clients);
    const after = await readCounts(data.ours, store, web);
    const each = FIGURES.map((name) => ((after[name] - before[name]) / total).toFixed(2));
    console.log(formatRow(store.name, request, String(clients), each));
  }
  await web.stop();
}

async function send(
  web: WebServer,
  request: (index: number) => WebRequest,
  total: number,
  clients: number,
) {
  let next = 0;
  const client = async () => {
    while (next < total) await sendRequest(web, request(next++));
  };
  await Promise.all(Array.from({ length: clients }, client));
}

async function readCounts(config: DatabaseConfig, store: Store, web: WebServer): Promise<Counts> {
  return withBenchConnection(config, async (connection) => {
    const [rows] = await connection.query<RowDataPacket[]>('show global status');
    const status = new Map(rows.map((row) => [String(row.Variable_name), Number(row.Value)]));
    const sum = (...names: string[]) =>
      names.reduce((total, name) => total + (status.get(name) ?? 0), 0);
    const [[row]] = await connection.query<RowDataPacket[]>('select @@pid_file as file');
    return {
      statements: sum('Questions'),
      selects: sum('Com_select'),
      writes: sum('Com_insert', 'Com_update', 'Com_delete', 'Com_replace'),
      begins: sum('Com_begin'),
      'database ms': await readCpuMs(Number(await readFile(String(row?.file), 'utf8'))),
      'redis ms': store.pid === null ? 0 : await readCpuMs(store.pid),
      'web ms': await readCpuMs(web.pid),
    };
  });
}

/** Returns the processor time of the threads of a process that are running. */
async function readCpuMs(pid: number): Promise<number> {
  const threads = await readdir(`/proc/${pid}/task`);
  const texts = await Promise.all(
    threads.map((thread) =>
      readFile(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').catch(() => '0'),
    ),
  );
  return texts.reduce((sum, text) => sum + Number(text.split(' ')[0]) / 1_000_000, 0);
}

function formatRow(store: string, request: string, clients: string, figures: readonly string[]) {
  const cells = [clients, ...figures].map((cell) => cell.padStart(12));
  return store.padEnd(7) + request.padEnd(7) + cells.join('');
}

async function startRedis(): Promise<{ url: string; pid: number }> {
  const port = await findFreePort();
  const options = ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--dir', tmpdir()];
  const child = spawn(findTool('redis-server'), options, { stdio: 'ignore' });
  await deferCleanup(async () => void child.kill());
  return { url: `redis://127.0.0.1:${port}`, pid: child.pid ?? 0 };
}

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SizeName } from './data.ts';
import { createDataSet } from './data-sets.ts';
import { type DatabaseServer, startDatabaseServer } from './databases.ts';
import { deferCleanup, runBench } from './cleanup.ts';
import { explainPages } from './explain.ts';
import { listUsersWithFullPage } from './full-pages.ts';
import { measurePages, type BenchContext } from './measure.ts';
import { findOlderPages } from './older-pages.ts';
import { type Options, readOptions } from './options.ts';
import type { OwnServer } from './pages.ts';
import { profilePages } from './profile.ts';
import type { DatabaseResults, SizeResults } from './results.ts';
import { type PROGRAMS, type ServerOptions, startServer, type WebServer } from './servers.ts';
import { measureMemory } from './soak.ts';
import { measureLoginLoad } from './login-load.ts';
import { writeReport } from './report.ts';

const NO_CACHES = new URL('no-caches.ts', import.meta.url).href;

await runBench(() => measureAll(readOptions(process.argv.slice(2))));

async function measureAll(options: Options): Promise<void> {
  const startedAtMs = performance.now();
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-bench-'));
  await deferCleanup(() => rm(folder, { recursive: true }));
  const hello = await startServer('hello', folder);
  await deferCleanup(() => hello.stop());
  const databases: DatabaseResults[] = [];
  let report = '';
  for (const kind of options.databases) {
    logProgress(`Starting ${kind}`);
    const server = await startDatabaseServer(kind);
    const stop = once(() => server.stop());
    await deferCleanup(stop);
    const sizes: SizeResults[] = [];
    databases.push({ kind, version: server.version, sizes });
    for (const size of options.sizes) {
      sizes.push(await measureSize(size, { server, hello, options, folder }));
      const minutes = Math.round((performance.now() - startedAtMs) / 60_000);
      // The report is written after each size: the rest may take an hour.
      report = await writeReport({ options, databases, minutes });
    }
    await stop();
  }
  console.log(report);
  console.error(`The results are in ${options.folder}.`);
}

interface SizeContext {
  server: DatabaseServer;
  hello: WebServer;
  options: Options;
  folder: string;
}

async function measureSize(
  size: SizeName,
  { server, hello, options, folder }: SizeContext,
): Promise<SizeResults> {
  const prefix = `${server.kind} ${size}`;
  logProgress(`${prefix}: creating the data set`);
  const withOriginal = size !== 'L' && !options.isPageRun;
  const data = await createDataSet(server, size, { withOriginal });
  await using servers = new AsyncDisposableStack();
  const start = async (program: keyof typeof PROGRAMS, extra: ServerOptions = {}) => {
    const started = await startServer(program, folder, extra);
    servers.defer(() => started.stop());
    return started;
  };
  const startOurs = (name: OwnServer, { nodeOptions = [], ...extra }: ServerOptions = {}) =>
    start('ours', {
      database: data.ours,
      nodeOptions: [...(name === 'uncached' ? ['--import', NO_CACHES] : []), ...nodeOptions],
      ...extra,
    });
  const ours = await startOurs('ours');
  const original = data.original && (await start('original', { database: data.original }));
  logProgress(`${prefix}: searching older pages`);
  const older = await findOlderPages(ours, data, options.olderPageCount);
  const context: BenchContext = {
    source: { data, older, fullPageUsers: await listUsersWithFullPage(data) },
    options,
    folder,
    logProgress: (progress) => logProgress(`${prefix}: ${progress}`),
  };

  const queries = await explainPages(server.kind, context.source, options.pages);
  const pages = await measurePages(
    {
      hello,
      ours,
      plain: await startOurs('plain'),
      uncached: await startOurs('uncached'),
      original,
      startNodeAlone: isMain(size, options)
        ? (path) => start('nodeAlone', { settings: { RESPONSES: path } })
        : null,
    },
    context,
  );
  const loginLoads = options.isPageRun ? [] : await measureLoginLoad(ours, context);
  // The process's memory does not depend on the database, so one measurement is enough.
  const isSoaked =
    options.soakMinutes > 0 && server.kind === options.databases[0] && isMain(size, options);
  const memory = isSoaked
    ? await measureMemory((settings) => startOurs('ours', { settings }), context)
    : null;
  const profiles = isMain(size, options)
    ? await profilePages((name, nodeOptions) => startOurs(name, { nodeOptions }), context)
    : null;
  return { size, pages, queries, loginLoads, memory, profiles };
}

/** Returns whether the targets are for this data set: M, or the first one if M is not measured. */
function isMain(size: SizeName, { sizes }: Options): boolean {
  return size === (sizes.includes('M') ? 'M' : sizes[0]);
}

function once(run: () => Promise<void>): () => Promise<void> {
  let result: Promise<void> | null = null;
  return () => (result ??= run());
}

function logProgress(progress: string): void {
  console.error(`${new Date().toTimeString().slice(0, 8)} ${progress}`);
}

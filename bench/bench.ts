import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SizeName } from './data.ts';
import { createDataSet } from './data-sets.ts';
import { type DatabaseServer, startDatabaseServer } from './databases.ts';
import { deferCleanup, runBench } from './cleanup.ts';
import { explainPages } from './explain.ts';
import { measurePages, type BenchContext } from './measure.ts';
import { findOlderPages } from './older-pages.ts';
import { type Options, readOptions } from './options.ts';
import { profilePages } from './profile.ts';
import type { DatabaseResults, SizeResults } from './results.ts';
import { type ServerOptions, startServer, type WebServer } from './servers.ts';
import { measureMemory } from './soak.ts';
import { measureLoginLoad } from './login-load.ts';
import { writeReport } from './report.ts';

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
  console.error(`Wrote results.md, growth.svg and ratios.svg to ${options.folder}.`);
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
  const data = await createDataSet(server, size);
  await using servers = new AsyncDisposableStack();
  const start = async (program: 'ours' | 'original', extra: ServerOptions = {}) => {
    const started = await startServer(program, folder, { database: data[program], ...extra });
    servers.defer(() => started.stop());
    return started;
  };
  const ours = await start('ours');
  const original = data.original && (await start('original'));
  logProgress(`${prefix}: searching older pages`);
  const older = await findOlderPages(ours, data, options.olderPageCount);
  const context: BenchContext = {
    source: { data, older },
    options,
    folder,
    logProgress: (progress) => logProgress(`${prefix}: ${progress}`),
  };

  const queries = await explainPages(server.kind, context.source);
  const pages = await measurePages({ hello, ours, original }, context);
  const loginLoads = await measureLoginLoad(ours, context);
  // The process's memory does not depend on the database, so one measurement is enough.
  const isSoaked =
    options.soakMinutes > 0 && server.kind === options.databases[0] && isMain(size, options);
  const memory = isSoaked ? await measureMemory(start, context) : null;
  const profiles = isMain(size, options)
    ? await profilePages((nodeOptions) => start('ours', { nodeOptions }), context)
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

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from '../src/cli/program.ts';
import type { SizeName } from './data.ts';
import { createDataSet } from './data-sets.ts';
import { type DatabaseServer, startDatabaseServer } from './databases.ts';
import { atEnd, end, endOnSignals, stopAsked } from './end.ts';
import { explainPages } from './explain.ts';
import { measurePages, type Surroundings } from './measure.ts';
import { findOlderPages } from './older-pages.ts';
import { type Options, readOptions } from './options.ts';
import { profilePages } from './profile.ts';
import type { DatabaseResults, SizeResults } from './results.ts';
import { type ServerOptions, startServer, type WebServer } from './servers.ts';
import { measureMemory } from './soak.ts';
import { measureStorm } from './storm.ts';
import { writeReport } from './report.ts';

endOnSignals();
await runProgram(async () => {
  try {
    await measureAll(readOptions(process.argv.slice(2)));
  } catch (error) {
    // what a signal has stopped fails, and that is nobody's news
    if (!stopAsked.aborted) throw error;
  } finally {
    await end();
  }
});
process.exit();

async function measureAll(options: Options): Promise<void> {
  const startedAtMs = performance.now();
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-bench-'));
  await atEnd(() => rm(folder, { recursive: true }));
  const hello = await startServer('hello', folder);
  await atEnd(() => hello.stop());
  const databases: DatabaseResults[] = [];
  let report = '';
  for (const kind of options.databases) {
    tell(`Starting ${kind}`);
    const server = await startDatabaseServer(kind);
    const stop = once(() => server.stop());
    await atEnd(stop);
    const sizes: SizeResults[] = [];
    databases.push({ kind, version: server.version, sizes });
    for (const size of options.sizes) {
      sizes.push(await measureSize(size, { server, hello, options, folder }));
      const minutes = Math.round((performance.now() - startedAtMs) / 60_000);
      // all that there is by now: the rest may take an hour
      report = await writeReport({ options, databases, minutes });
    }
    await stop();
  }
  console.log(report);
  console.error(`Written to ${options.folder}: results.md, growth.svg and ratios.svg`);
}

interface Place {
  server: DatabaseServer;
  hello: WebServer;
  options: Options;
  folder: string;
}

async function measureSize(
  size: SizeName,
  { server, hello, options, folder }: Place,
): Promise<SizeResults> {
  const prefix = `${server.kind} ${size}`;
  tell(`${prefix}: making the data set`);
  const data = await createDataSet(server, size);
  await using servers = new AsyncDisposableStack();
  const start = async (program: 'ours' | 'original', more: ServerOptions = {}) => {
    const started = await startServer(program, folder, { database: data[program], ...more });
    servers.defer(() => started.stop());
    return started;
  };
  const ours = await start('ours');
  const original = data.original && (await start('original'));
  tell(`${prefix}: looking for older pages`);
  const older = await findOlderPages(ours, data, options.links);
  const surroundings: Surroundings = {
    source: { data, older },
    options,
    folder,
    tell: (progress) => tell(`${prefix}: ${progress}`),
  };

  const queries = await explainPages(server.kind, surroundings.source);
  const pages = await measurePages({ hello, ours, original }, surroundings);
  const storms = await measureStorm(ours, surroundings);
  // the database makes no difference to the process's memory: once is enough
  const isSoaked =
    options.soakMinutes > 0 && server.kind === options.databases[0] && isMain(size, options);
  const memory = isSoaked ? await measureMemory(start, surroundings) : null;
  const profiles = isMain(size, options)
    ? await profilePages((nodeOptions) => start('ours', { nodeOptions }), surroundings)
    : null;
  return { size, pages, queries, storms, memory, profiles };
}

/** Whether this is the data set that the targets are for: M, if it is measured at all. */
function isMain(size: SizeName, { sizes }: Options): boolean {
  return size === (sizes.includes('M') ? 'M' : sizes[0]);
}

function once(act: () => Promise<void>): () => Promise<void> {
  let acted: Promise<void> | null = null;
  return () => (acted ??= act());
}

function tell(progress: string): void {
  console.error(`${new Date().toTimeString().slice(0, 8)} ${progress}`);
}

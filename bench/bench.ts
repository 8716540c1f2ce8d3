import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deferCleanup, runBench } from './cleanup.ts';
import { startDatabaseServer } from './databases.ts';
import { measureSize } from './measure-size.ts';
import { type Options, readOptions } from './options.ts';
import { writeReport } from './report.ts';
import type { DatabaseResults, SizeResults } from './results.ts';
import { startServer } from './servers.ts';

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
      sizes.push(await measureSize(size, { server, hello, options, folder, logProgress }));
      const minutes = Math.round((performance.now() - startedAtMs) / 60_000);
      // The report is written after each size: the rest may take an hour.
      report = await writeReport({ options, databases, minutes });
    }
    await stop();
  }
  console.log(report);
  console.error(`The results are in ${options.folder}.`);
}

function once(run: () => Promise<void>): () => Promise<void> {
  let result: Promise<void> | null = null;
  return () => (result ??= run());
}

function logProgress(progress: string): void {
  console.error(`${new Date().toTimeString().slice(0, 8)} ${progress}`);
}

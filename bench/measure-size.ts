import type { BenchContext } from './bench-context.ts';
import type { OwnServer } from './bench-page.ts';
import type { SizeName } from './data.ts';
import { createDataSet, type DataSet } from './data-sets.ts';
import type { DatabaseServer } from './databases.ts';
import { explainPages } from './explain.ts';
import { listUsersWithFullPage } from './full-pages.ts';
import { measureLoginLoad } from './login-load.ts';
import { measurePages } from './measure.ts';
import { findOlderPages } from './older-pages.ts';
import type { Options } from './options.ts';
import { profilePages } from './profile.ts';
import type { SizeResults } from './results.ts';
import { type PROGRAMS, type ServerOptions, startServer, type WebServer } from './servers.ts';
import { measureMemory } from './soak.ts';

/** The database server, hello, and the options of the run. */
export interface SizeContext {
  server: DatabaseServer;
  hello: WebServer;
  options: Options;
  /** The folder for temporary files. */
  folder: string;
  logProgress: (progress: string) => void;
}

type Start = (program: keyof typeof PROGRAMS, options: ServerOptions) => Promise<WebServer>;
type StartOurs = (name: OwnServer, options?: ServerOptions) => Promise<WebServer>;

const NO_CACHES = new URL('no-caches.ts', import.meta.url).href;

/** Creates a data set, and measures everything that is measured with it. */
export async function measureSize(size: SizeName, run: SizeContext): Promise<SizeResults> {
  const { server, options, folder } = run;
  const logProgress = (progress: string) => run.logProgress(`${server.kind} ${size}: ${progress}`);
  logProgress('creating the data set');
  const withOriginal = size !== 'L' && !options.isPageRun;
  const data = await createDataSet(server, size, { withOriginal });
  await using servers = new AsyncDisposableStack();
  const start: Start = async (program, extra) => {
    const started = await startServer(program, folder, extra);
    servers.defer(() => started.stop());
    return started;
  };
  const startOurs: StartOurs = (name, { nodeOptions = [], ...extra } = {}) =>
    start('ours', {
      database: data.ours,
      nodeOptions: [...(name === 'uncached' ? ['--import', NO_CACHES] : []), ...nodeOptions],
      ...extra,
    });
  const ours = await startOurs('ours');
  const source = await findSource(ours, data, { options, logProgress });
  const context: BenchContext = { source, options, folder, logProgress };
  const queries = await explainPages(server.kind, source, options.pages);
  const compared = {
    hello: run.hello,
    ours,
    plain: await startOurs('plain'),
    uncached: await startOurs('uncached'),
    original: data.original && (await start('original', { database: data.original })),
    startNodeAlone: isMain(size, options)
      ? (path: string) => start('nodeAlone', { settings: { RESPONSES: path } })
      : null,
  };
  const pages = await measurePages(compared, context);
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

async function findSource(
  server: WebServer,
  data: DataSet,
  { options, logProgress }: Pick<BenchContext, 'options' | 'logProgress'>,
) {
  logProgress('searching older pages');
  const older = await findOlderPages(server, data, options.olderPageCount);
  return { data, older, fullPageUsers: await listUsersWithFullPage(data) };
}

/** Returns whether the targets are for this data set: M, or the first one if M is not measured. */
function isMain(size: SizeName, { sizes }: Options): boolean {
  return size === (sizes.includes('M') ? 'M' : sizes[0]);
}

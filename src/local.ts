import { mkdir, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import dotenv from 'dotenv';
import { claimSocket } from './claim.ts';
import type { DatabaseConfig } from './config.ts';
import { findFreePort } from './dev/free-port.ts';
import { startPrivateMariadb } from './dev/mariadb/private-mariadb.ts';
import { initializeSchema } from './database/schema.ts';
import { withDataFiles } from './dev/data-files.ts';
import { addDemoData } from './dev/demo/demo.ts';
import { readSessionSecret, toSettings, writeDatabaseSettings } from './dev/local-files.ts';
import { startServerProcess } from './dev/server-process.ts';
import { runServer, runServerWithRestarts } from './dev/supervise.ts';
import { waitForChange } from './dev/watch.ts';
import type { Environment } from './environment.ts';
import { OperatorError } from './errors.ts';
import { runProgram } from './program.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DATA = join(ROOT, '.data');
// As long as the database runs, the settings that lead to it: the warehouse reads them.
const SETTINGS = join(DATA, 'local.env');
const WATCHED = ['src', 'views', 'static'].map((folder) => join(ROOT, folder));
const SCHEMA_WAIT_MAX_MS = 30_000;

interface Options {
  /** Whether to fill an empty database with the demo data. */
  demo: boolean;
  /** Whether to restart the server after each change of the source. */
  watch: boolean;
}

await runProgram(async () => {
  const options = readArguments();
  // heard from the start, so that the database never outlives us
  const shutdown = shutdownSignal('SIGINT', 'SIGTERM', 'SIGHUP');
  await withDataFiles(DATA, () => run(options, shutdown));
  process.exit();
});

function readArguments(): Options {
  try {
    const options = { demo: { type: 'boolean' }, watch: { type: 'boolean' } } as const;
    const { demo = false, watch = false } = parseArgs({ options }).values;
    return { demo, watch };
  } catch {
    throw new OperatorError('Usage: npm run local [-- --demo]   or: npm run dev [-- --demo]');
  }
}

function shutdownSignal(...names: NodeJS.Signals[]): AbortSignal {
  const controller = new AbortController();
  for (const name of names) process.on(name, () => controller.abort());
  return controller.signal;
}

/** Runs a database and a server that uses it, until the process is told to stop or one of them ends. */
async function run({ demo, watch }: Options, shutdown: AbortSignal): Promise<void> {
  await mkdir(DATA, { recursive: true, mode: 0o700 });
  const claim = await claimSocket(join(DATA, 'local.sock'));
  const mariadb = await startPrivateMariadb(join(DATA, 'mariadb'));
  const databaseEnd = new AbortController();
  const message = `The database ended by itself: see ${mariadb.log}`;
  void mariadb.ended.then(() => databaseEnd.abort(new OperatorError(message)));
  try {
    await initializeSchema(mariadb.config, { existing: 'keep', waitMaxMs: SCHEMA_WAIT_MAX_MS });
    if (demo) console.log(await addDemoData(mariadb.config));
    await writeDatabaseSettings(SETTINGS, mariadb.config);
    const environment = await serverEnvironment(mariadb.config);
    const onListening = (port: number) => {
      claim.setUrl(`http://localhost:${port}`);
      console.log(`MiniTwit is ready: http://localhost:${port} (Ctrl-C stops it)`);
    };
    const colorize = process.stdout.isTTY;
    const start = () => startServerProcess(environment, { colorize, onListening });
    const end = AbortSignal.any([shutdown, databaseEnd.signal]);
    if (watch) await runServerWithRestarts(start, nextChange, end);
    else process.exitCode = (await runServer(start, end)) ?? 0;
    if (!shutdown.aborted) end.throwIfAborted();
  } finally {
    await rm(SETTINGS, { force: true });
    await mariadb.stop();
  }
}

/** Waits until the source changes. Returns the path that changed, as seen from the checkout. */
async function nextChange(): Promise<string> {
  return relative(ROOT, await waitForChange(WATCHED));
}

/** The settings of the server: those of this process and of .env, and what is this database's. */
async function serverEnvironment(database: DatabaseConfig): Promise<Environment> {
  const fromFile: Environment = {};
  dotenv.config({ quiet: true, processEnv: fromFile });
  const wanted = process.env.PORT || fromFile.PORT || '5000';
  const port = wanted === '0' ? String(await findFreePort()) : wanted;
  return {
    ...process.env,
    // this machine alone, unless somebody wants to try it on their phone
    HOST: process.env.HOST || '127.0.0.1',
    PORT: port,
    // Browsers send a host's cookies to all of its ports: another checkout's server must not take ours for its own.
    COOKIE_PREFIX: process.env.COOKIE_PREFIX || `${Number(port)}_`,
    ...toSettings(database),
    DB_SSL_CA: '',
    SESSION_SECRET: await readSessionSecret(join(DATA, 'session-secret')),
  };
}

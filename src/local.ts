import { mkdir, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import dotenv from 'dotenv';
import { acquireLock } from './dev/instance-lock.ts';
import type { DatabaseConfig } from './config/config.ts';
import { findFreePort } from './dev/free-port.ts';
import { startPrivateMariadb } from './dev/mariadb/private-mariadb.ts';
import { migrateSchema } from './database/schema.ts';
import { withDataFiles } from './dev/data-files.ts';
import { addDemoData } from './dev/demo/demo.ts';
import { readSessionSecret, toSettings, writeDatabaseSettings } from './dev/local-files.ts';
import { startServerProcess } from './dev/server-process.ts';
import { runServer, runServerWithRestarts } from './dev/supervise.ts';
import { waitForChange } from './dev/watch.ts';
import type { Environment } from './config/environment.ts';
import { OperatorError } from './errors/operator-error.ts';
import { runProgram } from './cli/program.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DATA = join(ROOT, '.data');
// The warehouse reads these settings. The file exists while the database runs.
const SETTINGS = join(DATA, 'local.env');
const WATCHED = ['src', 'views', 'static'].map((folder) => join(ROOT, folder));
const SCHEMA_WAIT_MAX_MS = 30_000;
const USAGE = 'Usage: npm run local [-- --demo]   or: npm run dev [-- --demo]';
const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

interface Options {
  /** Whether to fill an empty database with the demo data. */
  demo: boolean;
  /** Whether to restart the server after each change of the source. */
  watch: boolean;
}

await runProgram(async () => {
  const options = readArguments();
  // Signals are handled from the start, so that the database never outlives this process.
  const shutdown = abortOnSignals('SIGINT', 'SIGTERM', 'SIGHUP');
  try {
    await withDataFiles(DATA, () => run(options, shutdown));
  } catch (error) {
    if (!shutdown.aborted || (error as Error).name !== 'AbortError') throw error;
  }
  process.exit();
});

function readArguments(): Options {
  try {
    const options = { demo: { type: 'boolean' }, watch: { type: 'boolean' } } as const;
    const { demo = false, watch = false } = parseArgs({ options }).values;
    return { demo, watch };
  } catch (cause) {
    // The first sentence names the option.
    const [problem] = (cause as Error).message.split(/\. |$/, 1);
    throw new OperatorError(`${problem}. ${USAGE}`, { cause });
  }
}

function abortOnSignals(...names: NodeJS.Signals[]): AbortSignal {
  const controller = new AbortController();
  for (const name of names) process.on(name, () => controller.abort());
  return controller.signal;
}

/** Runs a database and a server on it, until `shutdown` is aborted or one of them ends. */
async function run({ demo, watch }: Options, shutdown: AbortSignal): Promise<void> {
  await mkdir(DATA, { recursive: true, mode: 0o700 });
  const lock = await acquireLock(join(DATA, 'local.sock'));
  const mariadb = await startPrivateMariadb(join(DATA, 'mariadb'), { signal: shutdown });
  try {
    await migrateSchema(mariadb.config, { waitMaxMs: SCHEMA_WAIT_MAX_MS });
    const environment = await createServerEnvironment(mariadb.config);
    if (demo) {
      console.log(await addDemoData(mariadb.config));
      warnAboutDemoUsers(environment.HOST);
    }
    await writeDatabaseSettings(SETTINGS, mariadb.config);
    const onListening = (port: number) => {
      lock.setDescription(`http://localhost:${port}`);
      console.log(`MiniTwit is ready: http://localhost:${port} (Ctrl-C stops it)`);
    };
    const colorize = process.stdout.isTTY;
    const start = () => startServerProcess(environment, { colorize, onListening });
    const end = AbortSignal.any([shutdown, mariadb.failed]);
    if (watch) await runServerWithRestarts(start, waitForNextChange, end);
    else process.exitCode = (await runServer(start, end)) ?? 0;
    if (!shutdown.aborted) end.throwIfAborted();
  } finally {
    await rm(SETTINGS, { force: true });
    await mariadb.stop();
  }
}

/** Waits until the source changes. Returns the changed path, relative to the checkout. */
async function waitForNextChange(): Promise<string> {
  return relative(ROOT, await waitForChange(WATCHED));
}

/** Returns the server's settings, from this process, from .env and from the private database. */
async function createServerEnvironment(database: DatabaseConfig): Promise<Environment> {
  const fromFile: Environment = {};
  dotenv.config({ quiet: true, processEnv: fromFile });
  const readSetting = (name: string) => process.env[name] || fromFile[name];
  const configuredPort = readSetting('PORT') || '5000';
  const port = configuredPort === '0' ? String(await findFreePort()) : configuredPort;
  return {
    ...process.env,
    // By default, the server listens on loopback only.
    HOST: readSetting('HOST') || '127.0.0.1',
    PORT: port,
    // Browsers send a host's cookies to all of its ports. The prefix separates the cookies of several checkouts.
    COOKIE_PREFIX: readSetting('COOKIE_PREFIX') || `${Number(port)}_`,
    // By default, mails are not sent, but shown on the page /outbox.
    MAIL_URL: readSetting('MAIL_URL') || 'outbox:',
    MAIL_FROM: readSetting('MAIL_FROM') || 'noreply@localhost',
    SITE_URL: readSetting('SITE_URL') || `http://localhost:${Number(port)}`,
    ...toSettings(database),
    DB_SSL_CA: '',
    SESSION_SECRET: await readSessionSecret(join(DATA, 'session-secret')),
  };
}

function warnAboutDemoUsers(host = ''): void {
  if (LOOPBACK.has(host)) return;
  console.warn(
    `Warning: HOST is ${host}, so every device on your network can sign in as every demo user with the public password.`,
  );
}

import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pretty from 'pino-pretty';
import { type Claim, claimSocket } from './claim.ts';
import type { DatabaseConfig } from './config.ts';
import { type PrivateMariadb, startPrivateMariadb } from './database/private-mariadb.ts';
import { initializeSchema } from './database/schema.ts';
import { OperatorError } from './errors.ts';
import { runProgram } from './program.ts';

const DATA = fileURLToPath(new URL('../.data', import.meta.url));
// For as long as the database runs, the settings that lead to it: the warehouse reads them.
const SETTINGS = join(DATA, 'local.env');
const SERVER = new URL('server.js', import.meta.url);
const SCHEMA_WAIT_MAX_MS = 30_000;

await runProgram(async () => {
  // heard from the start, so that the database never outlives us
  const stopAsked = hearSignals('SIGINT', 'SIGTERM', 'SIGHUP');
  await mkdir(DATA, { recursive: true, mode: 0o700 });
  const claim = await claimSocket(join(DATA, 'local.sock'));
  const mariadb = await startPrivateMariadb(join(DATA, 'mariadb'));
  try {
    await initializeSchema(mariadb.config, { existing: 'keep', waitMaxMs: SCHEMA_WAIT_MAX_MS });
    await writeSettings(mariadb.config);
    const secret = await readSessionSecret();
    if (!stopAsked.aborted) await serve(mariadb, secret, claim, stopAsked);
  } finally {
    await rm(SETTINGS, { force: true });
    await mariadb.stop();
  }
  process.exit();
});

function hearSignals(...signals: NodeJS.Signals[]): AbortSignal {
  const controller = new AbortController();
  for (const signal of signals) process.on(signal, () => controller.abort());
  return controller.signal;
}

/** Runs the server until somebody stops it. Fails when the database ends before that. */
async function serve(
  mariadb: PrivateMariadb,
  secret: string,
  claim: Claim,
  stopAsked: AbortSignal,
): Promise<void> {
  const server = startServer(mariadb.config, secret);
  const serverEnded = once(server, 'exit');
  const stop = () => server.kill('SIGTERM');
  stopAsked.addEventListener('abort', stop);
  let isDatabaseGone = false;
  void mariadb.ended.then(() => {
    isDatabaseGone = true;
    return stop();
  });
  server.once('message', ({ port }: { port: number }) => {
    claim.setUrl(`http://localhost:${port}`);
    console.log(`MiniTwit is ready: http://localhost:${port} (Ctrl-C stops it)`);
  });
  const [status] = (await serverEnded) as [number | null];
  if (stopAsked.aborted) return;
  if (isDatabaseGone) throw new OperatorError(`The database ended by itself: see ${mariadb.log}`);
  if (status === null) throw new OperatorError('The server ended by itself.');
  process.exitCode = status;
}

async function readSessionSecret(): Promise<string> {
  const path = join(DATA, 'session-secret');
  const secret = await readFile(path, 'utf8').catch(() => null);
  if (secret) return secret;
  const newSecret = randomBytes(32).toString('base64url');
  await writeFile(path, newSecret, { mode: 0o600 });
  return newSecret;
}

async function writeSettings(database: DatabaseConfig): Promise<void> {
  const lines = Object.entries(toSettings(database)).map(([name, value]) => `${name}=${value}\n`);
  await rm(SETTINGS, { force: true });
  await writeFile(SETTINGS, lines, { mode: 0o600 });
}

function toSettings({ host, port, user, password, name }: DatabaseConfig): Record<string, string> {
  return {
    DB_HOST: host,
    DB_PORT: String(port),
    DB_USER: user,
    DB_PASSWD: password,
    DB_NAME: name,
  };
}

/** Starts the server as production does; its log is made readable. */
function startServer(database: DatabaseConfig, sessionSecret: string): ChildProcess {
  const server = fork(SERVER, {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    env: {
      ...process.env,
      // this machine alone, unless somebody wants to try it on their phone
      HOST: process.env.HOST || '127.0.0.1',
      ...toSettings(database),
      DB_SSL_CA: '',
      SESSION_SECRET: sessionSecret,
    },
  });
  server.stdout?.pipe(
    pretty({
      colorize: process.stdout.isTTY,
      translateTime: 'SYS:HH:MM:ss',
      ignore: 'pid,hostname,host,port,req,route,userId,res,responseTime',
      messageFormat: (line, messageKey) => describeLine(line) ?? String(line[messageKey]),
    }),
  );
  return server;
}

interface LogLine {
  req?: { method: string; path: string };
  res?: { statusCode: number };
  responseTime?: number;
}

/** A request in a few words; null when the line is about something else. */
function describeLine({ req, res, responseTime }: LogLine): string | null {
  return req && res ? `${req.method} ${req.path} ${res.statusCode} in ${responseTime} ms` : null;
}

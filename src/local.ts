import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import pretty from 'pino-pretty';
import type { DatabaseConfig } from './config.ts';
import { startPrivateMariadb } from './database/private-mariadb.ts';
import { initializeSchema } from './database/schema.ts';
import { OperatorError, runProgram } from './errors.ts';

const DATA = fileURLToPath(new URL('../.data', import.meta.url));
const SERVER = new URL('server.js', import.meta.url);
const SCHEMA_WAIT_MAX_MS = 30_000;

await runProgram(async () => {
  // listened for from the start, so that the database never outlives us
  const stopAsked = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  await mkdir(DATA, { recursive: true, mode: 0o700 });
  const claim = await claimFolder();
  const mariadb = await startPrivateMariadb(join(DATA, 'mariadb'));
  try {
    await initializeSchema(mariadb.config, { existing: 'keep', waitMaxMs: SCHEMA_WAIT_MAX_MS });
    const server = startServer(mariadb.config, await readSessionSecret());
    const ended = once(server, 'exit');
    server.once('message', ({ port }: { port: number }) => {
      claim.setUrl(`http://localhost:${port}`);
      console.log(`MiniTwit is ready: http://localhost:${port} (Ctrl-C stops it)`);
    });
    await Promise.race([stopAsked, ended, mariadb.ended]);
    server.kill('SIGTERM');
    const [status] = (await ended) as [number | null];
    process.exitCode = status ?? 1;
  } finally {
    await mariadb.stop();
  }
  process.exit();
});

/**
 * Makes sure that one MiniTwit at a time works on `.data/`. The claim is a socket, which the system
 * takes from us however we end; whoever connects reads where MiniTwit is.
 */
async function claimFolder(): Promise<{ setUrl: (url: string) => void }> {
  // relative, since a socket's path must be short
  const socket = relative(process.cwd(), join(DATA, 'local.sock'));
  const owner = await readFrom(socket);
  if (owner !== null) throw new OperatorError(`MiniTwit is already running here: ${owner}`);
  await rm(socket, { force: true });
  let url = 'it is starting';
  const server = createServer((connection) => connection.end(url));
  server.listen(socket);
  await once(server, 'listening');
  return { setUrl: (newUrl) => (url = newUrl) };
}

/** What the process that listens on a socket has to say; null when there is none. */
async function readFrom(socket: string): Promise<string | null> {
  let text = '';
  try {
    for await (const chunk of connect(socket).setEncoding('utf8')) text += chunk;
    return text;
  } catch {
    return null;
  }
}

async function readSessionSecret(): Promise<string> {
  const path = join(DATA, 'session-secret');
  const secret = await readFile(path, 'utf8').catch(() => null);
  if (secret) return secret;
  const newSecret = randomBytes(32).toString('base64url');
  await writeFile(path, newSecret, { mode: 0o600 });
  return newSecret;
}

/** Starts the server as production does; its log is made readable. */
function startServer(database: DatabaseConfig, sessionSecret: string): ChildProcess {
  const server = fork(SERVER, {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    env: {
      ...process.env,
      DB_HOST: database.host,
      DB_PORT: String(database.port),
      DB_USER: database.user,
      DB_PASSWD: database.password,
      DB_NAME: database.name,
      DB_SSL_CA: '',
      SESSION_SECRET: sessionSecret,
    },
  });
  server.stdout?.pipe(
    pretty({
      colorize: process.stdout.isTTY,
      translateTime: 'SYS:HH:MM:ss',
      ignore: 'pid,hostname,host,port,req,res,responseTime',
      messageFormat: (line, messageKey) => describeLine(line) ?? String(line[messageKey]),
    }),
  );
  return server;
}

interface LogLine {
  req?: { method: string; url: string };
  res?: { statusCode: number };
  responseTime?: number;
}

/** A request in a few words; null when the line is about something else. */
function describeLine({ req, res, responseTime }: LogLine): string | null {
  return req && res ? `${req.method} ${req.url} ${res.statusCode} in ${responseTime} ms` : null;
}

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { DatabaseConfig } from '../src/config/config.ts';
import { findFreePort } from '../src/dev/free-port.ts';
import { toSettings } from '../src/dev/local-files.ts';
import type { Environment } from '../src/config/environment.ts';
import { NODE_OPTIONS } from '../test/support/production.ts';
import { waitFor } from '../test/support/wait-for.ts';

/** A web server in a separate process. */
export interface WebServer {
  url: string;
  pid: number;
  /** Returns the state of the process and the last lines of its log, for error messages. */
  formatState(): Promise<string>;
  /** Ends the process, by SIGKILL by default. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** The secret of all servers, with which the sessions in wrk's requests are signed. */
export const SESSION_SECRET = 'a secret of the bench with 32 characters or more';

/** The compared programs: Express alone, Node alone, the production build, and the queries of Flask's MiniTwit. */
export const PROGRAMS = {
  hello: 'bench/hello.ts',
  nodeAlone: 'bench/node-alone.ts',
  ours: 'dist/server.js',
  original: 'bench/original/server.ts',
};

const LOG_TAIL_LINES = 5;
const running = new Set<ChildProcess>();

/** The differences from a server in production. */
export interface ServerOptions {
  database?: DatabaseConfig | null;
  settings?: Environment;
  /** Options on Node's command line. */
  nodeOptions?: string[];
}

/** Starts a program with its log in a file in `folder`, and waits until it answers `/healthz`. */
export async function startServer(
  program: keyof typeof PROGRAMS,
  folder: string,
  { database = null, settings: extra = {}, nodeOptions = [] }: ServerOptions = {},
): Promise<WebServer> {
  const port = await findFreePort();
  const path = join(folder, `${program}-${port}.log`);
  const log = await open(path, 'w');
  const child = spawn(process.execPath, [...nodeOptions, resolve(PROGRAMS[program])], {
    // A folder without an .env.
    cwd: tmpdir(),
    env: {
      PATH: process.env.PATH,
      ...settings(port),
      ...(database && toSettings(database)),
      ...extra,
    },
    stdio: ['ignore', log.fd, log.fd],
    // A new process group: Ctrl-C reaches the benchmark only, which ends the server.
    detached: true,
  });
  await log.close();
  killAtExit(child);
  const ended = once(child, 'exit');
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  const formatState = async () => {
    const last = (await readFile(path, 'utf8')).trimEnd().split('\n').slice(-LOG_TAIL_LINES);
    const state = hasEnded()
      ? `has ended with ${child.exitCode ?? child.signalCode}`
      : 'is running';
    return `The server ${program} ${state}. The last lines of its log:\n${last.join('\n')}`;
  };
  const url = `http://127.0.0.1:${port}`;
  await waitFor(`${program} answers`, async () => {
    if (hasEnded()) throw new Error(await formatState());
    return fetch(`${url}/healthz`).then(
      ({ ok }) => ok,
      () => false,
    );
  });
  return {
    url,
    pid: child.pid ?? 0,
    formatState,
    async stop(signal = 'SIGKILL') {
      child.kill(signal);
      await ended;
      running.delete(child);
    },
  };
}

/** Ends a server with this process. There is one listener for all servers, since there can be many. */
function killAtExit(child: ChildProcess): void {
  running.add(child);
  process.off('exit', killRunning).once('exit', killRunning);
}

function killRunning(): void {
  for (const child of running) child.kill('SIGKILL');
}

function settings(port: number): Environment {
  return {
    NODE_ENV: 'production',
    NODE_OPTIONS,
    HOST: '127.0.0.1',
    PORT: String(port),
    SESSION_SECRET,
    RATE_LIMITS: 'off',
    LOG_LEVEL: 'info',
  };
}

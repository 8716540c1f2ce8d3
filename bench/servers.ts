import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { DatabaseConfig } from '../src/config/config.ts';
import { findFreePort } from '../src/dev/free-port.ts';
import { toSettings } from '../src/dev/local-files.ts';
import type { Environment } from '../src/config/environment.ts';
import { NODE_OPTIONS } from '../test/support/production.ts';
import { until } from '../test/support/until.ts';

/** A web server in a process of its own. */
export interface WebServer {
  url: string;
  pid: number;
  /** Whether it still runs, and what it said last: for when it does not answer as it should. */
  describe(): Promise<string>;
  /** Stops it, at once unless another signal is given. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** Signs the sessions of all servers, and those that wrk brings. */
export const SESSION_SECRET = 'a secret of the bench with 32 characters or more';

/** The programs that are compared: Express alone, ours as production starts it, MiniTwit's queries. */
export const PROGRAMS = {
  hello: 'bench/hello.ts',
  ours: 'dist/server.js',
  original: 'bench/original/server.ts',
};

const LAST_LINES = 5;

/** How a server is started otherwise than in production. */
export interface ServerOptions {
  database?: DatabaseConfig | null;
  settings?: Environment;
  /** For Node's command line. */
  nodeOptions?: string[];
}

/** Starts one of the programs, its log in a file of this folder, and waits until it answers. */
export async function startServer(
  program: keyof typeof PROGRAMS,
  folder: string,
  { database = null, settings: more = {}, nodeOptions = [] }: ServerOptions = {},
): Promise<WebServer> {
  const port = await findFreePort();
  const path = join(folder, `${program}-${port}.log`);
  const log = await open(path, 'w');
  const child = spawn(process.execPath, [...nodeOptions, resolve(PROGRAMS[program])], {
    // where no developer has an .env
    cwd: tmpdir(),
    env: {
      PATH: process.env.PATH,
      ...settings(port),
      ...(database && toSettings(database)),
      ...more,
    },
    stdio: ['ignore', log.fd, log.fd],
    // a group of its own: Ctrl-C in the terminal is for us, who stop it
    detached: true,
  });
  await log.close();
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const ended = once(child, 'exit');
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  const describe = async () => {
    const last = (await readFile(path, 'utf8')).trimEnd().split('\n').slice(-LAST_LINES);
    const state = hasEnded() ? `has ended (${child.exitCode ?? child.signalCode})` : 'runs';
    return `${program} ${state}; its log ends with:\n${last.join('\n')}`;
  };
  const url = `http://127.0.0.1:${port}`;
  await until(`${program} answers`, async () => {
    if (hasEnded()) throw new Error(await describe());
    return fetch(`${url}/healthz`).then(
      ({ ok }) => ok,
      () => false,
    );
  });
  return {
    url,
    pid: child.pid ?? 0,
    describe,
    async stop(signal = 'SIGKILL') {
      child.kill(signal);
      await ended;
      process.off('exit', kill);
    },
  };
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

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { inject } from 'vitest';
import type { DatabaseConfig } from '../../src/config/config.ts';
import type { Environment } from '../../src/config/environment.ts';

/** A running program. */
export interface Program {
  process: ChildProcess;
  /** The output so far. */
  output: { stdout: string; stderr: string };
  /** Resolves with the exit status, or null if a signal ended the program. */
  ended: Promise<number | null>;
  /** Waits until the program has printed this. Rejects if the program ends first. */
  waitForOutput: (text: string | RegExp) => Promise<void>;
}

/** The folder of Node's compile cache. Programs start a third faster with the code that an earlier one has compiled. */
export const COMPILE_CACHE = resolve('node_modules/.cache/compile');

const ENVIRONMENT = {
  PATH: process.env.PATH,
  // MariaDB may be unpacked outside of the home folder.
  XDG_CACHE_HOME: process.env.XDG_CACHE_HOME,
  NODE_COMPILE_CACHE: COMPILE_CACHE,
};

const running = new Set<ChildProcess>();
const outliving = new Set<ChildProcess>();

process.once('exit', () => {
  killPrograms();
  for (const program of outliving) program.kill('SIGKILL');
});

/** Kills the programs that a test or its hooks have started, except those with `outlivesTest`. */
export function killPrograms(): void {
  for (const program of running) program.kill('SIGKILL');
}

/** Options for starting a program. */
export interface StartOptions {
  /** The working directory. The default is a folder without .env, unlike the checkout of a developer. */
  cwd?: string;
  /** True if the caller ends the program. Otherwise it is killed at the end of the test. */
  outlivesTest?: boolean;
}

/** Starts a Node program with these settings only. */
export function startProgram(
  file: string,
  settings: Environment,
  { parameters = [], ...options }: StartOptions & { parameters?: string[] } = {},
): Program {
  return startCommand([process.execPath, resolve(file), ...parameters], settings, options);
}

/** Starts a program, given by its path and parameters, with these settings only. */
export function startCommand(
  [command = '', ...parameters]: string[],
  settings: Environment = {},
  { cwd = tmpdir(), outlivesTest = false }: StartOptions = {},
): Program {
  const child = spawn(command, parameters, {
    cwd,
    env: { ...ENVIRONMENT, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
    // The program gets its own process group, as in a shell.
    detached: true,
  });
  const group = outlivesTest ? outliving : running;
  group.add(child);
  const program = observeProcess(child);
  void program.ended.then(() => group.delete(child));
  return program;
}

/** Collects the output of a process whose stdout and stderr are pipes. */
export function observeProcess(child: ChildProcess): Program {
  const { stdout, stderr } = child;
  if (!stdout || !stderr) throw new Error('The process has no pipes.');
  const output = { stdout: '', stderr: '' };
  stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  const ended = once(child, 'close').then(([status]) => status as number | null);
  const waitForOutput = async (text: string | RegExp) => {
    let hasEnded = false;
    const end = ended.then(() => (hasEnded = true));
    while (!new RegExp(text).test(output.stdout + output.stderr)) {
      if (hasEnded)
        throw new Error(
          `The program has ended without printing ${text}:\n${output.stdout}${output.stderr}`,
        );
      await Promise.race([once(stdout, 'data'), once(stderr, 'data'), end]);
    }
  };
  return { process: child, output, ended, waitForOutput };
}

/** Returns the settings of a database on the server of this file's project, or on a server without TLS. */
export function databaseSettings(config: DatabaseConfig): Environment {
  return {
    DB_HOST: config.host,
    DB_PORT: String(config.port),
    DB_USER: config.user,
    DB_PASSWD: config.password,
    DB_NAME: config.name,
    DB_SSL_CA: config.sslCa === null ? '' : inject('authority'),
  };
}

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { inject } from 'vitest';
import type { DatabaseConfig } from '../../src/config/config.ts';
import type { Environment } from '../../src/config/environment.ts';

/** A program that runs, as an operator would start it. */
export interface Program {
  process: ChildProcess;
  /** The output so far. */
  output: { stdout: string; stderr: string };
  /** Resolves with its exit status; null when a signal ended it. */
  ended: Promise<number | null>;
  /** Resolves when the output contains `words`. Rejects if the program ends before. */
  waitForOutput(words: string | RegExp): Promise<void>;
}

const ENVIRONMENT = {
  PATH: process.env.PATH,
  // Where MariaDB is unpacked, if it is not in the home folder.
  XDG_CACHE_HOME: process.env.XDG_CACHE_HOME,
  // Programs start a third faster when they find what an earlier one compiled.
  NODE_COMPILE_CACHE: resolve('node_modules/.cache/compile'),
};

const running = new Set<ChildProcess>();
const outliving = new Set<ChildProcess>();

// However the tests end, no program outlives them.
process.once('exit', () => {
  killPrograms();
  for (const program of outliving) program.kill('SIGKILL');
});

/** Kills the programs that a test or its hooks started, but for those that outlive the test. */
export function killPrograms(): void {
  for (const program of running) program.kill('SIGKILL');
}

/** The options of a start. */
export interface StartOptions {
  /** The working directory. The default is outside of the repository, where a developer may have an .env. */
  cwd?: string;
  /** True if the caller ends it. Otherwise it is killed when the test has finished. */
  outlivesTest?: boolean;
}

/** Starts a Node program with these settings and no others. */
export function startProgram(
  file: string,
  settings: Environment,
  { parameters = [], ...options }: StartOptions & { parameters?: string[] } = {},
): Program {
  return startCommand([process.execPath, resolve(file), ...parameters], settings, options);
}

/** Starts any program, by its path and parameters, with these settings and no others. */
export function startCommand(
  [command = '', ...parameters]: string[],
  settings: Environment = {},
  { cwd = tmpdir(), outlivesTest = false }: StartOptions = {},
): Program {
  const child = spawn(command, parameters, {
    cwd,
    env: { ...ENVIRONMENT, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A new process group, as in a shell.
    detached: true,
  });
  const group = outlivesTest ? outliving : running;
  group.add(child);
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  const ended = once(child, 'close').then(([status]) => {
    group.delete(child);
    return status as number | null;
  });
  const waitForOutput = async (words: string | RegExp) => {
    let over = false;
    const end = ended.then(() => (over = true));
    while (!new RegExp(words).test(output.stdout + output.stderr)) {
      if (over)
        throw new Error(
          `The program ended without the output ${words}:\n${output.stdout}${output.stderr}`,
        );
      await Promise.race([once(child.stdout, 'data'), once(child.stderr, 'data'), end]);
    }
  };
  return { process: child, output, ended, waitForOutput };
}

/** Returns the settings that lead to a database on the server of this file's project, or on one without TLS. */
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

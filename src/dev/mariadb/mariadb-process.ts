import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { open, readFile, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { OperatorError } from '../../errors/operator-error.ts';

const POLL_EVERY_MS = 10;

/** The files that a mariadbd writes about itself. */
export interface MariadbFiles {
  log: string;
  /** Written by the server once it has bound its port. */
  pid: string;
}

/** A running mariadbd. */
export interface MariadbProcess {
  /** Resolves when it has ended, for any reason, also when it could not be executed. */
  ended: Promise<unknown>;
  /** Stops it cleanly. */
  stop(): Promise<void>;
  /**
   * Waits until the server listens on its port. Rejects when the server ends before that, and when `signal` is aborted.
   * @throws OperatorError after `maxMs`, when the server has been killed
   */
  waitUntilListening(maxMs: number, signal?: AbortSignal): Promise<void>;
  /** Reads what was logged since the start. */
  readLog(): Promise<string>;
}

/** Starts mariadbd, which also ends when this process exits. */
export async function startMariadbProcess(
  mariadbd: string,
  options: string[],
  files: MariadbFiles,
): Promise<MariadbProcess> {
  await rm(files.pid, { force: true });
  const log = await open(files.log, 'a', 0o600);
  const { size: startOfLog } = await log.stat();
  const server = spawn(
    mariadbd,
    [...options, `--log-error=${files.log}`, `--pid-file=${files.pid}`],
    {
      // What the server writes before it has opened its log belongs there, too.
      stdio: ['ignore', 'ignore', log.fd],
      // A group of its own: Ctrl-C in the terminal is not for the database, which is stopped last.
      detached: true,
    },
  );
  // Attached before anything is awaited: a server that cannot load a library has ended by then.
  let hasEnded = false;
  const kill = () => server.kill('SIGTERM');
  process.once('exit', kill);
  const ended = new Promise<void>((resolve) => {
    const end = () => {
      hasEnded = true;
      process.removeListener('exit', kill);
      resolve();
    };
    server.once('exit', end).once('error', end);
  });
  await log.close();
  return {
    ended,
    async stop() {
      kill();
      await ended;
    },
    async waitUntilListening(maxMs, signal) {
      const giveUpAt = performance.now() + maxMs;
      while (!existsSync(files.pid)) {
        if (hasEnded) throw new Error('mariadbd has ended.');
        if (performance.now() > giveUpAt) {
          server.kill('SIGKILL');
          const limit = `${maxMs / 1000} s`;
          throw new OperatorError(
            `MariaDB, process ${server.pid}, did not listen within ${limit}.`,
          );
        }
        if (signal?.aborted) server.kill('SIGKILL');
        signal?.throwIfAborted();
        await sleep(POLL_EVERY_MS);
      }
    },
    readLog: async () => (await readFile(files.log)).subarray(startOfLog).toString(),
  };
}

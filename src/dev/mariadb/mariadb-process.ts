import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { open, readFile, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { OperatorError } from '../../errors/operator-error.ts';

const POLL_EVERY_MS = 10;

/** The paths of the files that mariadbd writes. */
export interface MariadbFiles {
  log: string;
  /** The server writes its process id to this file after it has bound its port. */
  pid: string;
}

/** A running mariadbd. */
export interface MariadbProcess {
  /** Resolves with the exit status; null if a signal ended the process, or if it could not be executed. */
  ended: Promise<number | null>;
  /** Sends SIGTERM, and waits until the process has ended. Returns the exit status as `ended` does. */
  stop(): Promise<number | null>;
  /** Sends SIGKILL. */
  kill(): void;
  /**
   * Waits until the server listens on its port. Rejects if the server ends before that, or if `signal` is aborted.
   * @throws OperatorError after `maxMs`. The server is killed then
   */
  waitUntilListening(maxMs: number, signal?: AbortSignal): Promise<void>;
  /** Returns the log since the start. */
  readLog(): Promise<string>;
}

/** Starts mariadbd. It is stopped when this process exits. */
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
      // Output from before the server has opened its log also goes to the log.
      stdio: ['ignore', 'ignore', log.fd],
      // Ctrl-C in the terminal does not reach a separate process group. The database is stopped last.
      detached: true,
    },
  );
  // The listeners are attached before any await, since a server that cannot load a library ends at once.
  let hasEnded = false;
  const terminate = () => server.kill('SIGTERM');
  process.once('exit', terminate);
  const ended = new Promise<number | null>((resolve) => {
    const end = (status: number | null) => {
      hasEnded = true;
      process.removeListener('exit', terminate);
      resolve(status);
    };
    server.once('exit', end).once('error', () => end(null));
  });
  await log.close();
  return {
    ended,
    async stop() {
      terminate();
      return ended;
    },
    kill: () => void server.kill('SIGKILL'),
    async waitUntilListening(maxMs, signal) {
      const giveUpAt = performance.now() + maxMs;
      while (!existsSync(files.pid)) {
        if (hasEnded) throw new Error('mariadbd has ended.');
        if (performance.now() > giveUpAt) {
          server.kill('SIGKILL');
          const limit = `${maxMs / 1000} s`;
          throw new OperatorError(
            `MariaDB (process ${server.pid}) did not listen within ${limit}.`,
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

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { open, readFile, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_EVERY_MS = 10;

/** The files by which a mariadbd reports on itself. */
export interface MariadbFiles {
  log: string;
  /** Written by the server once it has bound its port. */
  pid: string;
}

/** A running mariadbd. */
export interface MariadbProcess {
  /** Resolves when it has ended, by itself or not. */
  ended: Promise<unknown>;
  /** Stops it cleanly. */
  stop(): Promise<void>;
  /** Waits until the server listens on its port. Rejects when the server ends before that. */
  waitUntilListening(): Promise<void>;
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
  await log.close();
  const ended = once(server, 'exit');
  const kill = () => server.kill('SIGTERM');
  process.once('exit', kill);
  void ended.then(() => process.removeListener('exit', kill));
  return {
    ended,
    async stop() {
      kill();
      await ended;
    },
    async waitUntilListening() {
      while (!existsSync(files.pid)) {
        if (server.exitCode !== null || server.signalCode !== null) {
          throw new Error('mariadbd has ended.');
        }
        await sleep(POLL_EVERY_MS);
      }
    },
    readLog: async () => (await readFile(files.log)).subarray(startOfLog).toString(),
  };
}

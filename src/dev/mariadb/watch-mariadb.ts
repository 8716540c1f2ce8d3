import { OperatorError } from '../../errors/operator-error.ts';
import type { MariadbProcess } from './mariadb-process.ts';

const POLL_EVERY_MS = 500;
const DISK_FULL =
  /disk (is )?full|no space left on device|disk quota exceeded|errcode: (28|122)\b/i;

/** A running MariaDB whose failures are noticed. */
export interface WatchedMariadb {
  /**
   * Aborted when the server ends without `stop`, or when its disk is full. The reason is an OperatorError with the end of
   * the log.
   */
  failed: AbortSignal;
  /** Stops the server. `failed` is then also aborted if the server had ended before, or its disk was full. */
  stop: () => Promise<void>;
}

/**
 * Watches a server until it ends. On a full disk, MariaDB waits for free space, and its clients hang.
 * @param log the path of its log
 */
export function watchMariadb(server: MariadbProcess, log: string): WatchedMariadb {
  const failure = new AbortController();
  const fail = async (problem: string) =>
    failure.abort(new OperatorError(`${problem} ${formatLogTail(log, await server.readLog())}`));
  const checkDisk = async () => {
    if (!DISK_FULL.test(await server.readLog())) return;
    // A server that waits for disk space does not stop. At its next start, it recovers from its own log.
    server.kill();
    await fail('The database has no disk space left. Free disk space, then start again.');
  };
  let isStopping = false;
  const poll = setInterval(() => void checkDisk().catch(() => undefined), POLL_EVERY_MS).unref();
  void server.ended.then(() => {
    clearInterval(poll);
    return isStopping ? undefined : fail('The database has ended unexpectedly.');
  });
  return {
    failed: failure.signal,
    async stop() {
      isStopping = true;
      clearInterval(poll);
      await checkDisk();
      const status = await server.stop();
      if (status !== 0) await fail('The database has ended unexpectedly.');
    },
  };
}

/** Formats the last lines of a log. */
export function formatLogTail(path: string, log: string): string {
  return `${path} ends with:\n${log.trim().split('\n').slice(-5).join('\n')}`;
}

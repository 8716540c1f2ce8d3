import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isRunning } from '../processes.ts';
import { OperatorError } from '../../errors/operator-error.ts';

const STOP_MAX_MS = 60_000;

/**
 * Stops the MariaDB server on a data folder, if one runs there: the orphaned server of a killed process. Two servers
 * cannot share the files. The caller holds the lock of the folder, so no live process uses the server.
 * @throws OperatorError if the server does not stop within a minute, or if its process id is unknown
 */
export async function stopOrphanedServer(data: string): Promise<void> {
  // A server that accepts connections on the socket has written its process id to the file. Without such a server,
  // the id may belong to another process. A socket's path must be short, so it is relative.
  const socket = relative(process.cwd(), join(data, 'mariadb.sock'));
  if (!(await acceptsConnections(socket))) return;
  const pid = Number(await readFile(join(data, 'mariadb.pid'), 'utf8'));
  if (!(pid > 1))
    throw new OperatorError(
      `A MariaDB server without a process id in ${data}/mariadb.pid uses ${data}. Stop it first.`,
    );
  process.kill(pid, 'SIGTERM');
  const giveUpAt = Date.now() + STOP_MAX_MS;
  while (isRunning(pid)) {
    if (Date.now() > giveUpAt)
      throw new OperatorError(
        `MariaDB (process ${pid}) did not stop within ${STOP_MAX_MS / 1000} s. Kill it, then try again.`,
      );
    await sleep(50);
  }
}

function acceptsConnections(socket: string): Promise<boolean> {
  return new Promise((done) => {
    const connection = connect(socket);
    connection.once('error', () => done(false));
    connection.once('connect', () => {
      connection.destroy();
      done(true);
    });
  });
}

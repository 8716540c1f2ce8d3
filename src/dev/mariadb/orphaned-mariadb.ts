import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isRunning } from '../processes.ts';
import { OperatorError } from '../../errors.ts';

const STOP_MAX_MS = 60_000;

/**
 * Stops the MariaDB that a killed process left behind on a data folder: two servers cannot share the files.
 * @throws OperatorError when it does not stop
 */
export async function stopOrphanedServer(data: string): Promise<void> {
  // Whoever answers on the socket wrote the file with its process id; without an answer that id
  // could be anybody's by now.
  const socket = relative(process.cwd(), join(data, 'mariadb.sock'));
  if (!(await accepts(socket))) return;
  const pid = Number(await readFile(join(data, 'mariadb.pid'), 'utf8'));
  if (!(pid > 1)) throw new OperatorError(`A MariaDB already runs on ${data}: stop it first.`);
  process.kill(pid, 'SIGTERM');
  const giveUpAt = Date.now() + STOP_MAX_MS;
  while (isRunning(pid)) {
    if (Date.now() > giveUpAt) throw new OperatorError(`MariaDB, process ${pid}, does not stop.`);
    await sleep(50);
  }
}

function accepts(socket: string): Promise<boolean> {
  return new Promise((done) => {
    const connection = connect(socket);
    connection.once('error', () => done(false));
    connection.once('connect', () => {
      connection.destroy();
      done(true);
    });
  });
}

import { join } from 'node:path';
import { createRunId } from '../../cli/run-id.ts';
import type { DatabaseConfig } from '../../config/config.ts';
import { type PrivateMariadb, startPrivateMariadb } from '../../dev/mariadb/private-mariadb.ts';
import { assertDiskSpace } from '../local/disk-space.ts';
import { lockFolder } from '../run/lock.ts';
import type { RunContext } from '../context.ts';

/** The context of a run without AWS. */
export interface LocalRunContext extends Pick<RunContext, 'folder' | 'copy' | 'signal'> {
  source: DatabaseConfig;
}

/**
 * Fills a warehouse on this machine, in a private MariaDB that runs only during this command.
 * @throws OperatorError when the disk has too little space; when MariaDB ends by itself, with the end of its log
 */
export async function runLocal({ folder, source, copy, signal }: LocalRunContext): Promise<void> {
  const lock = await lockFolder(folder);
  try {
    const id = createRunId(new Date());
    lock.setDescription(`the run ${id}`);
    await assertDiskSpace(folder, source);
    await withWarehouse(folder, ({ config, failed }) =>
      copy(config, { id, signal: AbortSignal.any([signal, failed]) }),
    );
  } finally {
    lock.release();
  }
}

async function withWarehouse(
  folder: string,
  work: (mariadb: PrivateMariadb) => Promise<unknown>,
): Promise<void> {
  const mariadb = await startPrivateMariadb(join(folder, 'mariadb'));
  try {
    await work(mariadb);
  } catch (error) {
    await mariadb.stop();
    // A failed statement can be noticed before the reason: that the server has ended, or that its disk is full.
    mariadb.failed.throwIfAborted();
    throw error;
  }
  await mariadb.stop();
}

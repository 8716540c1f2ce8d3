import { join } from 'node:path';
import { startPrivateMariadb } from '../../database/private-mariadb.ts';
import { claimFolder } from '../run/lock.ts';
import { createRunId } from '../run/run-id.ts';
import type { Work } from '../run/run.ts';

/** What a run without AWS works with. */
export interface LocalParts {
  /** Where the warehouse's database is kept. */
  folder: string;
  work: Work;
  signal: AbortSignal;
}

/** Fills a warehouse on this machine: a MariaDB of its own, which is stopped in the end. */
export async function runLocal({ folder, work, signal }: LocalParts): Promise<void> {
  const claim = await claimFolder(folder);
  try {
    const mariadb = await startPrivateMariadb(join(folder, 'mariadb'));
    try {
      await work(mariadb.config, { id: createRunId(new Date()), signal });
    } finally {
      await mariadb.stop();
    }
  } finally {
    claim.release();
  }
}

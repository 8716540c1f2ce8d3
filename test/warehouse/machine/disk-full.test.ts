import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { startPrivateMariadb } from '../../../src/dev/mariadb/private-mariadb.ts';
import { runLocal } from '../../../src/warehouse/commands/run-local.ts';
import type { CopyJob } from '../../../src/warehouse/context.ts';
import { runSql } from '../../support/database.ts';

const MIB = 2 ** 20;
// An empty MariaDB has 110 MiB.
const DISK = 280;

let disk: string;

beforeEach(async () => {
  disk = await mkdtemp(join(tmpdir(), 'minitwit-disk-'));
  // A filesystem in memory.
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK}m`, 'tmpfs', disk]);
  return async () => {
    execFileSync('umount', [disk]);
    await rm(disk, { recursive: true });
  };
});

/** Fills the disk, except for `free` MiB. */
async function fillDisk(free: number): Promise<void> {
  const { bavail, bsize } = await statfs(disk);
  await writeFile(join(disk, 'filler'), Buffer.alloc(bavail * bsize - free * MIB));
}

test('a run does not start, and prints the free and the needed space, when the disk has too little', async () => {
  const source = await startPrivateMariadb(join(disk, 'source'));
  await fillDisk(20);
  const copy: CopyJob = () => Promise.reject(new Error('The copy has started.'));
  const { signal } = new AbortController();
  const folder = join(disk, 'warehouse');
  try {
    const { config } = source;
    await expect(runLocal({ folder, source: config, copy, signal })).rejects.toThrow(
      /^The disk of .*\/warehouse has 21 MB of free space, and this run needs about 402\.\d MB, .*Free disk space/,
    );
  } finally {
    await source.stop();
  }
});

test('a MariaDB whose disk is full ends, and its clients get the reason', async () => {
  const mariadb = await startPrivateMariadb(join(disk, 'mariadb'));
  const failed = once(mariadb.failed, 'abort');
  await fillDisk(4);
  // The rows of this query are in a temporary file. When its disk is full, MariaDB waits for an hour.
  const sql = 'select distinct repeat(seq, 1000) as text from seq_1_to_1000000 order by text';
  const query = runSql(mariadb.config, 'set big_tables = 1', `create temporary table t ${sql}`);
  await Promise.race([failed, query.catch(() => undefined)]);
  await mariadb.stop();
  expect(mariadb.failed.reason).toMatchObject({
    message: expect.stringMatching(/^The database has no disk space left\. Free disk space/),
  });
});

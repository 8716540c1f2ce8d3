import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';

const run = promisify(execFile);

/**
 * Copies the source of the last commit without the newest migration from git into a folder, and installs the packages
 * that its lock file names. Returns the folder, which the end of the test deletes.
 */
export async function checkOutPreviousRelease(newestMigration: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-previous-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const filter = ['--diff-filter=A', '--format=%H', '--', `migrations/${newestMigration}`];
  const added = (await run('git', ['log', ...filter])).stdout.trim().split('\n').at(-1);
  const archive = join(folder, 'source.tar');
  await run('git', ['archive', '--output', archive, `${added}^`]);
  await run('tar', ['-xf', archive, '-C', folder]);
  await run('npm', ['ci', '--omit=dev', '--ignore-scripts', '--prefer-offline'], { cwd: folder });
  return folder;
}

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { z } from 'zod';
import { OperatorError } from '../../errors/operator-error.ts';

const run = promisify(execFile);

// The files that userdata/image.sh needs, itself included.
const PATHS = ['package.json', 'package-lock.json', 'tsconfig.json', 'schema.sql'];
const FOLDERS = ['migrations', 'src', 'static', 'views', 'userdata'];
const ARCHIVE_MAX_BYTES = 64 * 1024 * 1024;

/** The committed source from which an image is built. */
export interface Source {
  /** The version in package.json. */
  version: string;
  /** The full hash of the commit. */
  commit: string;
  /** The number of the last migration. */
  schemaVersion: number;
  /** A gzipped tar archive. */
  archive: Buffer;
  /** The checksum of the archive in hex. */
  sha256: string;
  /** The paths of files that differ from the commit. */
  uncommitted: string[];
}

/**
 * Reads the source from a git checkout.
 * @throws OperatorError when the folder is no checkout, or git is not installed
 */
export async function readSource(checkout: string): Promise<Source> {
  const git = async (...args: string[]) => (await runGit(checkout, args)).toString('utf8');
  const commit = (await git('rev-parse', '--verify', 'HEAD')).trim();
  const about: unknown = JSON.parse(await git('show', `${commit}:package.json`));
  const migrations = await git('ls-tree', '--name-only', `${commit}:migrations`);
  const changes = await git('status', '--porcelain', '--no-renames', '--', ...PATHS, ...FOLDERS);
  const archive = await runGit(checkout, [
    'archive',
    '--format=tar.gz',
    commit,
    ...PATHS,
    ...FOLDERS,
  ]);
  return {
    version: z.object({ version: z.string() }).parse(about).version,
    commit,
    // The names of the files begin with their numbers, such as 002.do.no-cascades.sql.
    schemaVersion: Math.max(...migrations.trim().split('\n').map(Number.parseFloat)),
    archive,
    sha256: createHash('sha256').update(archive).digest('hex'),
    // Each line begins with two letters for the kind of change, and a space.
    uncommitted: changes.split('\n').flatMap((line) => line.slice(3) || []),
  };
}

async function runGit(checkout: string, args: string[]): Promise<Buffer> {
  const options = { encoding: 'buffer', maxBuffer: ARCHIVE_MAX_BYTES } as const;
  try {
    return (await run('git', ['-C', checkout, ...args], options)).stdout;
  } catch (error) {
    const { code, stderr } = error as { code?: string; stderr?: Buffer };
    if (code === 'ENOENT')
      throw new OperatorError(
        'git is not installed. Install git, which finds the commit of the image.',
      );
    const answer = stderr?.toString('utf8').trim().split('\n')[0] ?? '';
    throw new OperatorError(
      `${checkout} must be a git checkout of MiniTwit. git printed: ${answer}`,
      {
        cause: error,
      },
    );
  }
}

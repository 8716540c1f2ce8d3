import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { z } from 'zod';
import { OperatorError } from '../../errors/operator-error.ts';

const run = promisify(execFile);

// what userdata/image.sh builds of, itself included
const PATHS = ['package.json', 'package-lock.json', 'tsconfig.json', 'schema.sql'];
const FOLDERS = ['src', 'static', 'views', 'userdata'];
const ARCHIVE_MAX_BYTES = 64 * 1024 * 1024;

/** What goes into an image: what is committed, and nothing that only lies around. */
export interface Source {
  /** As in package.json. */
  version: string;
  /** Of git's, whole. */
  commit: string;
  /** A tar, zipped. */
  archive: Buffer;
  /** Of the archive, in hex. */
  sha256: string;
  /** Paths that differ from the commit, as git names them. */
  uncommitted: string[];
}

/**
 * Reads it from a checkout.
 * @throws OperatorError when that is none, or there is no git
 */
export async function readSource(checkout: string): Promise<Source> {
  const git = async (...args: string[]) => (await runGit(checkout, args)).toString('utf8');
  const commit = (await git('rev-parse', '--verify', 'HEAD')).trim();
  const about: unknown = JSON.parse(await git('show', `${commit}:package.json`));
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
    archive,
    sha256: createHash('sha256').update(archive).digest('hex'),
    // two letters of what changed, and a space, are before each
    uncommitted: changes.split('\n').flatMap((line) => line.slice(3) || []),
  };
}

async function runGit(checkout: string, args: string[]): Promise<Buffer> {
  const options = { encoding: 'buffer', maxBuffer: ARCHIVE_MAX_BYTES } as const;
  try {
    return (await run('git', ['-C', checkout, ...args], options)).stdout;
  } catch (error) {
    const { code, stderr } = error as { code?: string; stderr?: Buffer };
    if (code === 'ENOENT') throw new OperatorError('git is not installed, which knows the commit');
    const answer = stderr?.toString('utf8').trim().split('\n')[0] ?? '';
    throw new OperatorError(`${checkout} must be a checkout of MiniTwit, but git says ${answer}`, {
      cause: error,
    });
  }
}

import { accessSync, constants } from 'node:fs';
import { constants as system } from 'node:os';
import { dirname, relative, resolve } from 'node:path';
import { getSystemErrorMessage } from 'node:util';
import { OperatorError } from '../errors/operator-error.ts';

const ADVICE: Record<string, string> = {
  EDQUOT: 'Free disk space',
  ENOSPC: 'Free disk space',
  EROFS: 'Make its file system writable',
};
// Reading or writing an open file fails with these errors, in which Node does not name the path.
const WITHOUT_PATH = new Set(['EDQUOT', 'EFBIG', 'EIO', 'EISDIR', 'ENOSPC']);

/**
 * Does work that stores files in the folder `data`. Node's error about a file there, which this user cannot read or
 * write, becomes an OperatorError of one line.
 */
export async function withDataFiles<Result>(
  data: string,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const file = findFile(error, data);
    if (file === null) throw error;
    const refusal = findRefusal(error as NodeJS.ErrnoException, data);
    const advice =
      ADVICE[codeOf(refusal)] ?? 'Make that folder readable and writable for this user';
    const message =
      `Cannot read or write ${file}: ${reasonOf(refusal)}. MiniTwit stores its data in ${data}. ` +
      `${advice}, or use a checkout of your own.`;
    throw new OperatorError(message, { cause: error });
  }
}

/**
 * Returns the file in the folder that an error of the system is about, or the folder where the error names no file; null
 * if it is about something else.
 */
function findFile(error: unknown, folder: string): string | null {
  if (!(error instanceof Error) || !('errno' in error)) return null;
  // Node calls the path of a socket its address.
  const refusal = error as NodeJS.ErrnoException & { address?: string };
  const { path, address } = refusal;
  if (path === undefined && WITHOUT_PATH.has(codeOf(refusal))) return folder;
  const file = resolve(path ?? address ?? '/');
  return relative(folder, file).startsWith('..') ? null : file;
}

/**
 * Returns why the folder could not be created, where an error says only that it does not exist: Node's recursive mkdir does
 * on a read-only file system. Returns other errors as they are.
 */
function findRefusal(error: NodeJS.ErrnoException, folder: string): NodeJS.ErrnoException {
  if (error.code !== 'ENOENT') return error;
  try {
    accessSync(dirname(folder), constants.W_OK);
    return error;
  } catch (refusal) {
    return refusal as NodeJS.ErrnoException;
  }
}

/** Returns the error's code, also of EDQUOT, which Node does not know. */
function codeOf({ code = '', errno = 0 }: NodeJS.ErrnoException): string {
  return Math.abs(errno) === system.errno.EDQUOT ? 'EDQUOT' : code;
}

function reasonOf(error: NodeJS.ErrnoException): string {
  if (codeOf(error) === 'EDQUOT') return 'disk quota exceeded';
  // Most of Node's functions set a negative number, some a positive one.
  return getSystemErrorMessage(-Math.abs(error.errno ?? 0));
}

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
 * Calls `work`, which stores files in the folder `data`.
 * @throws OperatorError, one line, instead of Node's error, if this user cannot read or write a file in the folder
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
      ADVICE[readCode(refusal)] ?? 'Make that folder readable and writable for this user';
    const message =
      `Cannot read or write ${file}: ${formatReason(refusal)}. MiniTwit stores its data in ${data}. ` +
      `${advice}, or use a checkout of your own.`;
    throw new OperatorError(message, { cause: error });
  }
}

/**
 * Returns the path of the file in the folder that caused a system error, or the folder if the error has no path.
 * Returns null for any other error.
 */
function findFile(error: unknown, folder: string): string | null {
  if (!(error instanceof Error) || !('errno' in error)) return null;
  // The error of a socket has its path in `address`.
  const refusal = error as NodeJS.ErrnoException & { address?: string };
  const { path, address } = refusal;
  if (path === undefined && WITHOUT_PATH.has(readCode(refusal))) return folder;
  const file = resolve(path ?? address ?? '/');
  return relative(folder, file).startsWith('..') ? null : file;
}

/**
 * Returns the error that explains why a folder could not be created. On a read-only file system, Node's recursive mkdir
 * only reports that the folder does not exist. Returns any other error unchanged.
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

/** Returns the error's code. Node has no code for EDQUOT. */
function readCode({ code = '', errno = 0 }: NodeJS.ErrnoException): string {
  return Math.abs(errno) === system.errno.EDQUOT ? 'EDQUOT' : code;
}

function formatReason(error: NodeJS.ErrnoException): string {
  if (readCode(error) === 'EDQUOT') return 'disk quota exceeded';
  // Most of Node's functions set a negative number, but some set a positive one.
  return getSystemErrorMessage(-Math.abs(error.errno ?? 0));
}

import { errorMessage } from '../../errors/error-message.ts';
import { OperatorError } from '../../errors/operator-error.ts';

// The texts of ENOSPC, EDQUOT and EFBIG, which DuckDB's errors contain.
const FULL = /No space left on device|Disk quota exceeded|File too large/;

/** Converts DuckDB's error for a full disk to an OperatorError. Returns other errors unchanged. */
export function toDiskFullError(error: unknown, folder: string): unknown {
  if (error instanceof OperatorError || !FULL.test(errorMessage(error))) return error;
  return new OperatorError(
    `The disk of ${folder} is full. Free some space, and run the command again. The files of earlier runs are unchanged.`,
    { cause: error },
  );
}

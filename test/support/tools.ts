import { findOrUnpack } from '../../src/dev/programs.ts';

/**
 * Returns the path of a program. If it is not installed, its Debian package is unpacked into the cache.
 * @throws OperatorError if the package cannot be unpacked
 */
export function findTool(program: string, packageName = program): string {
  return findOrUnpack(
    program,
    packageName,
    (reason) =>
      `Some tests need ${program}, and ${reason}. Install it (Debian's package is ${packageName}), or run the other tests: npm test`,
  );
}

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { OperatorError } from '../../errors/operator-error.ts';

const run = promisify(execFile);

/** The program with which AWS's own command line opens sessions. */
export const PLUGIN = 'session-manager-plugin';

// Earlier versions need the session's token on their command line, where all users of the machine can read it.
const FIRST_VERSION = [1, 2, 536];
const VERSION_MAX_MS = 10_000;
const HINT =
  'AWS describes how to install it: https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html';

/**
 * Asserts that AWS's Session Manager plugin is installed in a version that reads the session's token from the
 * environment.
 * @throws OperatorError with the address of its instructions
 */
export async function assertPlugin(env: NodeJS.ProcessEnv): Promise<void> {
  const { stdout } = await run(PLUGIN, ['--version'], { env, timeout: VERSION_MAX_MS }).catch(
    (error: NodeJS.ErrnoException) => {
      const reason =
        error.code === 'ENOENT' ? 'is not installed' : `fails: ${error.message.trim()}`;
      throw new OperatorError(`AWS’s ${PLUGIN} ${reason}. ${HINT}`, { cause: error });
    },
  );
  const version = stdout.trim();
  if (isAtLeast(version.split('.').map(Number), FIRST_VERSION)) return;
  throw new OperatorError(
    `AWS’s ${PLUGIN} has the version ${version}, but this command needs ${FIRST_VERSION.join('.')} or later. ${HINT}`,
  );
}

function isAtLeast(version: number[], first: number[]): boolean {
  for (const [index, part] of first.entries()) {
    const own = version[index] ?? NaN;
    if (own !== part) return own > part;
  }
  return true;
}

import { OperatorError } from '../../errors/operator-error.ts';
import type { Login } from './ssh-commands.ts';

/** UnreachableError occurs when ssh fails for any reason but the host key or the user's key. A retry may succeed. */
export class UnreachableError extends OperatorError {}

/** RemoteCommandError occurs when a program on the instance exits with a status other than 0. */
export class RemoteCommandError extends OperatorError {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;

  constructor(program: string, result: { status: number; stdout: string; stderr: string }) {
    const output = lastLines(`${result.stdout}\n${result.stderr}`, 5) || `status ${result.status}`;
    super(`${program} failed on the instance: ${output}`);
    this.status = result.status;
    this.stdout = result.stdout;
    this.stderr = result.stderr;
  }
}

/**
 * Returns the error for a failed connection.
 * @param stderr the output of ssh
 * @returns UnreachableError if a retry may succeed, otherwise an OperatorError with the settings to check
 */
export function toSshError(stderr: string, login: Login): OperatorError {
  const name = `${login.user}@${login.address}`;
  if (/HOST IDENTIFICATION HAS CHANGED|Host key verification failed/.test(stderr)) {
    return new OperatorError(
      `The server at ${login.address} has another host key than ${login.instanceId}, so it may be another server. Nothing was sent to it.`,
    );
  }
  // If ssh cannot read the key, it prints `Load key …` before `Permission denied`. The first of the two is the cause.
  const problem = /^Load key .*|^.*(?:Permission denied|Too many authentication failures).*/m;
  const [refusal] = problem.exec(stderr) ?? [];
  if (refusal !== undefined) {
    return new OperatorError(
      `${login.instanceId} refuses ${login.user} with the key ${login.keyFile} (${refusal.trim()}). ` +
        'Set WAREHOUSE_KEY_FILE to the file with the private key of WAREHOUSE_KEY_NAME, and WAREHOUSE_SSH_USER to the ' +
        "login user of the instance's image. If the key has a passphrase, run ssh-add first.",
    );
  }
  return new UnreachableError(`${name} cannot be reached: ${lastLines(stderr, 1) || 'no answer'}`);
}

/** Returns the last `count` lines of a text. Blank lines do not count, and are left out. */
export function lastLines(text: string, count: number): string {
  const lines = text.split(/\r?\n/).filter((line) => line.trim());
  return lines.slice(-count).join('\n').trim();
}

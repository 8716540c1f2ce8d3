import { OperatorError } from '../../errors/operator-error.ts';
import type { Login } from './ssh-commands.ts';

/** UnreachableError occurs when an instance does not answer. A retry may succeed. */
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
 * @returns UnreachableError when a retry may succeed
 */
export function toSshError(stderr: string, login: Login): OperatorError {
  const name = `${login.user}@${login.address}`;
  if (/HOST IDENTIFICATION HAS CHANGED|Host key verification failed/.test(stderr)) {
    return new OperatorError(
      `${name} does not have the host key of ${login.instanceId}, so it may be another server. Nothing was sent to it.`,
    );
  }
  // ssh reports an unusable key before the refusal that follows from it.
  const problem = /^Load key .*|^.*(?:Permission denied|Too many authentication failures).*/m;
  const [refusal] = problem.exec(stderr) ?? [];
  if (refusal !== undefined) {
    return new OperatorError(
      `${login.instanceId} refuses ${login.user} with the key ${login.keyFile} (${refusal.trim()}). ` +
        'Set WAREHOUSE_KEY_FILE to the private key of WAREHOUSE_KEY_NAME, and WAREHOUSE_SSH_USER to a user of ' +
        'the image. Add a key with a passphrase to an agent with ssh-add.',
    );
  }
  return new UnreachableError(`${name} cannot be reached: ${lastLines(stderr, 1) || 'no answer'}`);
}

/** Returns the last lines of a text that are not blank. */
export function lastLines(text: string, count: number): string {
  const lines = text.split(/\r?\n/).filter((line) => line.trim());
  return lines.slice(-count).join('\n').trim();
}

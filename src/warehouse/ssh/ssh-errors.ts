import { OperatorError } from '../../errors/operator-error.ts';
import type { Login } from './ssh-commands.ts';

/** That an instance does not answer, or not yet: it can be tried again. */
export class UnreachableError extends OperatorError {}

/** That a program on the instance ended with a status other than 0. */
export class RemoteCommandError extends OperatorError {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;

  constructor(program: string, result: { status: number; stdout: string; stderr: string }) {
    const said = lastLines(`${result.stdout}\n${result.stderr}`, 5) || `status ${result.status}`;
    super(`${program} failed on the instance: ${said}`);
    this.status = result.status;
    this.stdout = result.stdout;
    this.stderr = result.stderr;
  }
}

/** Says why there is no connection, from what ssh said on stderr. */
export function toSshError(complaint: string, login: Login): OperatorError {
  const name = `${login.user}@${login.address}`;
  if (/HOST IDENTIFICATION HAS CHANGED|Host key verification failed/.test(complaint)) {
    return new OperatorError(
      `${name} does not have the key of ${login.instanceId}: somebody else answers in its place. ` +
        'Nothing was sent to it.',
    );
  }
  // a key that cannot be used is told of before the refusal that it leads to
  const problem = /^Load key .*|^.*(?:Permission denied|Too many authentication failures).*/m;
  const [refusal] = problem.exec(complaint) ?? [];
  if (refusal !== undefined) {
    return new OperatorError(
      `${login.instanceId} refuses ${login.user} with the key ${login.keyFile} (${refusal.trim()}): ` +
        'WAREHOUSE_KEY_FILE must be the private key of WAREHOUSE_KEY_NAME, and WAREHOUSE_SSH_USER a ' +
        'user of the image. A key with a passphrase must be in an agent: ssh-add.',
    );
  }
  return new UnreachableError(
    `${name} cannot be reached: ${lastLines(complaint, 1) || 'no answer'}`,
  );
}

/** The last lines that say something. */
export function lastLines(text: string, count: number): string {
  const lines = text.split(/\r?\n/).filter((line) => line.trim());
  return lines.slice(-count).join('\n').trim();
}

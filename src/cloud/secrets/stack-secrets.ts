import { OperatorError } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import { formatCommand } from '../format-command.ts';
import type { StackResource } from '../stack/resources.ts';

/** The ARNs of a stack's secrets. */
export interface StackSecrets {
  databasePassword: string;
  /** Null if an earlier version created the stack. */
  readerPassword: string | null;
  sessionSecret: string;
}

/**
 * Returns the ARNs of the secrets among the resources of the stack.
 * @throws OperatorError when the stack has no such secrets, because it was not created completely
 */
export function requireSecrets(cloud: CloudContext, resources: StackResource[]): StackSecrets {
  const findId = (name: string) => resources.find((each) => each.name === name)?.id ?? null;
  const requireId = (name: string) => {
    const id = findId(name);
    if (id !== null) return id;
    throw new OperatorError(
      `The stack ${cloud.stackName} has no secret ${name}. Run ${formatCommand(cloud, 'up')} first.`,
    );
  };
  return {
    databasePassword: requireId('DatabasePassword'),
    readerPassword: findId('ReaderPassword'),
    sessionSecret: requireId('SessionSecret'),
  };
}

import { OperatorError } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import { formatCommand } from '../format-command.ts';
import { listResources } from '../stack/resources.ts';
import type { Stack } from '../stack/stack.ts';

/** The ARNs of a stack's secrets. */
export interface StackSecrets {
  databasePassword: string;
  /** Null if an earlier version created the stack. */
  readerPassword: string | null;
  sessionSecret: string;
}

/**
 * Returns the ARNs of the secrets of a stack.
 * @throws OperatorError when the stack has no such secrets, because it was not created completely
 */
export async function requireSecrets(cloud: CloudContext, stack: Stack): Promise<StackSecrets> {
  const resources = await listResources(cloud, stack.id);
  const findId = (name: string) => resources.find((each) => each.name === name)?.id ?? null;
  const requireId = (name: string) => {
    const id = findId(name);
    if (id !== null) return id;
    throw new OperatorError(
      `The stack ${stack.name} has no secret ${name}. Run ${formatCommand(cloud, 'up')} first.`,
    );
  };
  return {
    databasePassword: requireId('DatabasePassword'),
    readerPassword: findId('ReaderPassword'),
    sessionSecret: requireId('SessionSecret'),
  };
}

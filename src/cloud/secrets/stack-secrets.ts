import { OperatorError } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import { formatCommand } from '../format-command.ts';
import { listResources } from '../stack/resources.ts';
import type { Stack } from '../stack/stack.ts';

/** The ARNs of a stack's secrets. */
export interface StackSecrets {
  databasePassword: string;
  sessionSecret: string;
}

/**
 * Returns the ARNs of the secrets of a stack.
 * @throws OperatorError when the stack has no such secrets, because it was not created completely
 */
export async function requireSecrets(cloud: CloudContext, stack: Stack): Promise<StackSecrets> {
  const resources = await listResources(cloud, stack.id);
  const find = (name: string) => {
    const id = resources.find((each) => each.name === name)?.id;
    if (id) return id;
    throw new OperatorError(
      `The stack ${stack.name} has no secret ${name}. Run ${formatCommand(cloud, 'up')} first.`,
    );
  };
  return { databasePassword: find('DatabasePassword'), sessionSecret: find('SessionSecret') };
}

import { UpdateTerminationProtectionCommand } from '@aws-sdk/client-cloudformation';
import { withAwsError } from '../../aws/errors.ts';
import type { CloudContext } from '../context.ts';
import type { Stack } from '../stack/stack.ts';
import type { Protection } from './protection.ts';

/** Returns the termination protection of a stack. AWS refuses to delete a protected stack. */
export function protectionOfStack(
  { clients, stackName }: CloudContext,
  { id, isProtected }: Stack,
): Protection {
  const resource = `the stack ${stackName}`;
  return {
    resource,
    isEnabled: isProtected,
    set: async (EnableTerminationProtection) => {
      const input = { StackName: id, EnableTerminationProtection };
      const request = clients.cloudFormation.send(new UpdateTerminationProtectionCommand(input));
      await withAwsError(`Cannot change the termination protection of ${resource}`, request);
    },
  };
}

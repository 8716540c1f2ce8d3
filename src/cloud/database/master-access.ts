import { errorMessage } from '../../errors/error-message.ts';
import { addSentence, OperatorError } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import { formatCommand } from '../format-command.ts';
import { changeStack } from '../stack/change-stack.ts';
import { toChangedParameters } from '../stack/parameters.ts';
import type { Stack } from '../stack/stack.ts';
import { requireStableStack } from '../stack/wait-until-stable.ts';

/**
 * Calls `work` while the instances may read the password of the database's master (parameter SetUp). Removes the
 * permission afterwards, also when `work` fails or the signal stops the command. If the process is killed, the next call
 * removes it.
 * @throws the errors of `work`; OperatorError when the permission cannot be removed
 */
export async function withMasterAccess(
  cloud: CloudContext,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await setMasterAccess(cloud, await requireStableStack(cloud), 'yes');
    await work();
  } catch (error) {
    await removeMasterAccess(cloud).catch((second: unknown) => {
      throw new OperatorError(`${errorMessage(error)}\n${errorMessage(second)}`, { cause: error });
    });
    throw error;
  }
  await removeMasterAccess(cloud);
}

/** Removes the permission. The command's signal does not stop it. */
async function removeMasterAccess(cloud: CloudContext): Promise<void> {
  const unstoppable = { ...cloud, signal: new AbortController().signal };
  try {
    await setMasterAccess(unstoppable, await requireStableStack(unstoppable), 'no');
  } catch (error) {
    throw addSentence(
      error,
      `The instances can still read the master password. Run ${formatCommand(cloud, 'up --set SetUp=no')} to remove the permission.`,
    );
  }
}

/**
 * Sets the parameter SetUp of a stable stack: whether the instances may read the password of the database's master.
 * @param template the template of this change, by default that of the stack
 */
export async function setMasterAccess(
  cloud: CloudContext,
  stack: Stack,
  value: 'yes' | 'no',
  template: string | null = null,
): Promise<void> {
  if (stack.parameters.SetUp === value) return;
  cloud.log(
    value === 'yes'
      ? 'Allowing the instances to read the master password …'
      : 'Removing the permission to read the master password from the instances …',
  );
  const parameters = toChangedParameters(stack, { SetUp: value });
  await changeStack(cloud, stack, { template, parameters, dryRun: false });
}

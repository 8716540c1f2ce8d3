import { isOnFreePlan } from '../../aws/account-plan.ts';
import { errorMessage } from '../../errors/error-message.ts';
import type { CloudContext } from '../context.ts';
import { formatCommand } from '../format-command.ts';
import type { ParameterValues } from './parameters.ts';

const LIMITED = ['BackupDays', 'InstanceTypes'];

/**
 * Returns whether AWS's free plan limits the defaults of a new stack. Requests nothing if the operator has set them. If
 * the plan cannot be read, prints why and returns false, because most accounts have no such limits.
 */
export async function isLimitedByFreePlan(
  cloud: CloudContext,
  set: ParameterValues,
): Promise<boolean> {
  if (LIMITED.every((name) => set[name] !== undefined)) return false;
  try {
    return await isOnFreePlan(cloud.clients.cloudFormation.config, cloud.signal);
  } catch (error) {
    cloud.signal.throwIfAborted();
    cloud.print(
      `${errorMessage(error)} If the account is on AWS’s free plan, add --set BackupDays=1 and, for an x86 image, ` +
        '--set InstanceTypes=t3.micro,t3.small.',
    );
    return false;
  }
}

/**
 * Returns the parameters that the operator has not set, with the values that AWS's free plan allows. Prints them.
 * @param instanceTypes the instance types of the new stack
 */
export function chooseFreePlanDefaults(
  cloud: CloudContext,
  set: ParameterValues,
  instanceTypes: string,
): ParameterValues {
  const values = { BackupDays: '1', InstanceTypes: instanceTypes };
  const chosen = Object.entries(values).filter(([name]) => set[name] === undefined);
  const settings = chosen.map(([name, value]) => `${name}=${value}`).join(' and ');
  cloud.print(
    'This account is on AWS’s free plan, which retains backups of a database for one day, and has certain instance ' +
      `types only. The stack therefore gets ${settings}. To set other values, upgrade the account in AWS’s console ` +
      `(Billing), then run ${formatCommand(cloud, 'up --set NAME=VALUE')}.`,
  );
  return Object.fromEntries(chosen);
}

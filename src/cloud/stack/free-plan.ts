import { isOnFreePlan } from '../../aws/account-plan.ts';
import { errorMessage } from '../../errors/error-message.ts';
import type { CloudContext } from '../context.ts';
import { formatCommand } from '../format-command.ts';
import type { ParameterValues } from './parameters.ts';

/**
 * Returns the parameters of a new stack that AWS's free plan limits: one day of backups, unless the operator has set
 * BackupDays. Prints the reason. If the plan cannot be read, `up` continues, because most accounts have no such limits.
 */
export async function resolveFreePlanDefaults(
  cloud: CloudContext,
  set: ParameterValues,
): Promise<ParameterValues> {
  if (set.BackupDays !== undefined) return {};
  try {
    if (!(await isOnFreePlan(cloud.clients.cloudFormation.config, cloud.signal))) return {};
  } catch (error) {
    cloud.signal.throwIfAborted();
    cloud.print(
      `${errorMessage(error)} If the account is on AWS’s free plan, add --set BackupDays=1.`,
    );
    return {};
  }
  const command = formatCommand(cloud, 'up --set BackupDays=7');
  cloud.print(
    'This account is on AWS’s free plan, which retains backups of a database for one day. BackupDays is therefore 1. ' +
      `To retain them longer, upgrade the account in AWS’s console (Billing), and run ${command}.`,
  );
  return { BackupDays: '1' };
}

import { OperatorError } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import { formatCommand } from '../format-command.ts';
import type { ParameterValues } from '../stack/parameters.ts';
import type { Stack } from '../stack/stack.ts';

/**
 * Returns the parameters that the read replicas of `ReadReplicas` need: a replicable database. It stays replicable
 * without replicas, because RDS cannot manage the master's password again while it deletes them. Prints it if the running
 * database restarts.
 * @param set the parameters that the operator sets
 * @param all the values of all parameters
 * @throws OperatorError when the parameters contradict each other, or need two changes of the stack
 */
export function resolveReplicas(
  cloud: CloudContext,
  stack: Stack | null,
  { set, all }: { set: ParameterValues; all: ParameterValues },
): ParameterValues {
  const before = Number(stack?.parameters.ReadReplicas ?? 0);
  const hasReplicas = Number(all.ReadReplicas ?? 0) > 0;
  if (set.Replicable === 'no' && (hasReplicas || before > 0)) {
    throw new OperatorError(
      `A database with read replicas is replicable. Run ${formatCommand(cloud, 'up --set ReadReplicas=0')} before you set Replicable to "no".`,
    );
  }
  if (before > 0) assertVersionUnchanged(cloud, stack, all);
  const replicable = hasReplicas ? 'yes' : (all.Replicable ?? 'no');
  if (stack && (stack.parameters.Replicable ?? 'no') !== replicable) {
    cloud.print(
      'The database restarts once, because read replicas need other parameters of MySQL. MiniTwit is unavailable ' +
        'meanwhile.',
    );
  }
  return hasReplicas ? { Replicable: 'yes' } : {};
}

/** CloudFormation would update the database first, but RDS requires that replicas are updated before it. */
function assertVersionUnchanged(
  cloud: CloudContext,
  stack: Stack | null,
  { DatabaseVersion }: ParameterValues,
): void {
  if (stack?.parameters.DatabaseVersion === DatabaseVersion) return;
  throw new OperatorError(
    `Read replicas cannot be older than their database. Run ${formatCommand(cloud, 'up --set ReadReplicas=0')}, set ` +
      'DatabaseVersion, and then ReadReplicas again.',
  );
}

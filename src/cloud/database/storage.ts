import { OperatorError } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import { formatCommand } from '../format-command.ts';
import type { ParameterValues } from '../stack/parameters.ts';
import type { Stack } from '../stack/stack.ts';
import { listDatabases } from './databases.ts';

/**
 * Returns the storage of the stack's database as a parameter if RDS has increased it, so that alarm and costs use the
 * actual size.
 * @param set the parameters that the operator sets
 * @param all the values of all parameters
 * @throws OperatorError when the storage would shrink, or when a new limit is too low
 */
export async function resolveStorage(
  cloud: CloudContext,
  stack: Stack | null,
  { set, all }: { set: ParameterValues; all: ParameterValues },
): Promise<ParameterValues> {
  const sizeGib = Number(all.DatabaseStorageGib);
  const actualGib = stack ? await findStorageGib(cloud, stack) : 0;
  if (set.DatabaseStorageGib && sizeGib < actualGib) {
    throw new OperatorError(
      `The database has ${actualGib} GiB of storage, and RDS cannot shrink it to ${sizeGib}.`,
    );
  }
  const names = ['DatabaseStorageGib', 'DatabaseStorageMaxGib'];
  const isChanged = names.some((name) => set[name] !== undefined || !stack?.parameters[name]);
  if (isChanged) assertStorageLimit(cloud, Math.max(sizeGib, actualGib), all);
  return actualGib > sizeGib ? { DatabaseStorageGib: String(actualGib) } : {};
}

async function findStorageGib(cloud: CloudContext, { outputs }: Stack): Promise<number> {
  const databases = await listDatabases(cloud.clients.rds, cloud.stackName);
  return databases.find(({ id }) => id === outputs.DatabaseId)?.sizeGib ?? 0;
}

/**
 * Asserts that a database with this storage can be created with the limit of its growth.
 * @throws OperatorError when the limit is less than 10 % above the size, which RDS refuses
 */
export function assertStorageLimit(
  context: Pick<CloudContext, 'stackName'>,
  sizeGib: number,
  { DatabaseStorageMaxGib = '0' }: ParameterValues,
): void {
  const maxGib = Number(DatabaseStorageMaxGib);
  const lowestGib = Math.ceil((sizeGib * 11) / 10);
  if (maxGib === 0 || maxGib >= lowestGib) return;
  throw new OperatorError(
    `DatabaseStorageMaxGib is ${maxGib}. RDS requires 10 % more than the storage of ${sizeGib} GiB. Run ` +
      `${formatCommand(context, `up --set DatabaseStorageMaxGib=${lowestGib}`)}, or set it to 0, so that the storage does not grow.`,
  );
}

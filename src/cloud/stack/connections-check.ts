import { OperatorError } from '../../errors/operator-error.ts';
import type { ParameterValues } from './parameters.ts';

// RDS allows one connection for each 12,582,880 bytes of the memory that a database has after the system's own.
const CONNECTIONS_PER_GIB = 60;
// By the size of a class. Some families have more memory.
const MEMORY_GIB: Record<string, number> = { micro: 1, small: 2, medium: 4, large: 8, xlarge: 16 };
// An instance has at most DB_POOL_SIZE (10) connections, and its replacement the same number at the same time.
const CONNECTIONS_PER_INSTANCE = 20;

/**
 * Asserts that the largest number of instances is not below the smallest one, and that the database allows the
 * connections of all of them.
 * @throws OperatorError with the largest number of instances, or with the parameters to change
 */
export function assertConnectionsFit(values: ParameterValues): void {
  const count = Number(values.InstanceCount);
  const maxCount = Number(values.InstanceMaxCount) || count;
  if (maxCount < count) {
    throw new OperatorError(
      `InstanceMaxCount is ${maxCount}, and InstanceCount is ${count}. Set an InstanceMaxCount of ${count} or more, or 0.`,
    );
  }
  const { DatabaseClass = '' } = values;
  const memoryGib = MEMORY_GIB[DatabaseClass.split('.').at(-1) ?? ''];
  if (memoryGib === undefined) return;
  const allowed = Math.floor((memoryGib * CONNECTIONS_PER_GIB) / CONNECTIONS_PER_INSTANCE);
  if (maxCount <= allowed) return;
  throw new OperatorError(
    `A ${DatabaseClass} allows about ${memoryGib * CONNECTIONS_PER_GIB} connections, which are enough for ${allowed} ` +
      `instances, and not for ${maxCount}: each has up to ${CONNECTIONS_PER_INSTANCE / 2}, and its replacement too. Set a ` +
      'larger DatabaseClass, or fewer instances.',
  );
}

import { OperatorError } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import { formatCommand } from '../format-command.ts';
import type { ParameterValues } from './parameters.ts';
import type { Stack } from './stack.ts';

/**
 * Asserts that a change does not move the warehouse's volume to another zone. AWS would refuse it in the middle of the
 * change, and roll back.
 * @param values all parameters after the change
 * @throws OperatorError with the zone of the volume, and with how to create another volume
 */
export function assertVolumeStaysInZone(
  cloud: Pick<CloudContext, 'stackName'>,
  stack: Stack | null,
  { WarehouseVolumeGib = '0', WarehouseZone = '' }: ParameterValues,
): void {
  const { WarehouseVolumeGib: oldGib = '0', WarehouseZone: zone } = stack?.parameters ?? {};
  if (oldGib === '0' || WarehouseVolumeGib === '0' || WarehouseZone === zone) return;
  throw new OperatorError(
    `The warehouse’s volume is in ${zone}, and AWS cannot move it to ${WarehouseZone || 'no zone'}. Nothing was changed. ` +
      `To create another volume, first run ${formatCommand(cloud, 'up --set WarehouseVolumeGib=0')}, which retains the ` +
      `volume and its cost outside the stack. Then set WarehouseVolumeGib and WarehouseZone.`,
  );
}

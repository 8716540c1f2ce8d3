import { listInstances } from '../../aws/ec2/instances.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import type { StackResource } from '../stack/resources.ts';

/**
 * Asserts that no instance of the warehouse runs. It would use the stack's security group and volume.
 * @throws OperatorError with the instances, and the command that ends them
 */
export async function assertWarehouseIdle(
  { clients }: CloudContext,
  resources: StackResource[],
): Promise<void> {
  const group = resources.find(({ name }) => name === 'WarehouseGroup');
  if (!group?.id) return;
  const filter = { Name: 'instance.group-id', Values: [group.id] };
  const instances = await listInstances(clients.ec2, [filter]);
  const alive = instances.filter(({ state }) => state !== 'terminated');
  if (alive.length === 0) return;
  throw new OperatorError(
    `The warehouse is running (${alive.map(({ id }) => id).join(', ')}), so nothing was removed. Wait until its run has ` +
      'ended, or run npm run warehouse -- cleanup.',
  );
}

import { listInstances } from '../../aws/ec2/instances.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import type { StackResource } from '../stack/resources.ts';

/**
 * Makes sure that the warehouse's server does not run, which would keep the stack's security group, and its volume.
 * @throws OperatorError that says how to end it
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
    `The warehouse is at work (${alive.map(({ id }) => id).join(', ')}), and nothing was removed: wait until it has ` +
      'ended, or end what is left of it with npm run warehouse -- cleanup.',
  );
}

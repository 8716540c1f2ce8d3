import { listInstances } from '../../aws/ec2/instances.ts';
import { tagFilter } from '../../aws/ec2/tags.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import type { StackResource } from '../stack/resources.ts';

/**
 * Asserts that neither the server of the warehouse nor the instance of a scheduled run exists. They would use the stack's
 * security groups and volume.
 * @throws OperatorError with the instances, and the command that ends them
 */
export async function assertWarehouseIdle(
  { clients, stackName }: CloudContext,
  resources: StackResource[],
): Promise<void> {
  const group = resources.find(({ name }) => name === 'WarehouseGroup');
  if (!group?.id) return;
  const filters = [
    { Name: 'instance.group-id', Values: [group.id] },
    tagFilter('Name', `${stackName}-scheduled-run`),
  ];
  const instances = await Promise.all(
    filters.map((filter) => listInstances(clients.ec2, [filter])),
  );
  const alive = instances.flat().filter(({ state }) => state !== 'terminated');
  if (alive.length === 0) return;
  throw new OperatorError(
    `The warehouse is running (${alive.map(({ id }) => id).join(', ')}), so nothing was removed. Wait until its run has ` +
      'ended, or run npm run warehouse -- cleanup.',
  );
}

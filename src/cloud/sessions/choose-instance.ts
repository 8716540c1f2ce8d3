import { type Instance, listInstances } from '../../aws/ec2/instances.ts';
import { tagFilter } from '../../aws/ec2/tags.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import { formatCommand } from '../format-command.ts';
import { readTargetHealth } from '../instances/target-health.ts';
import { readOutputs } from '../stack/outputs.ts';
import { requireStack, STACK_TAG } from '../stack/stack.ts';

/**
 * Returns the id of a running instance of the stack: the given one, or by default the oldest one that is healthy in the
 * load balancer, otherwise the oldest one.
 * @throws OperatorError when the given instance is not a running instance of the stack, or when there is none
 */
export async function chooseInstance(cloud: CloudContext, id?: string): Promise<string> {
  const { targets } = readOutputs(await requireStack(cloud));
  const running = await listRunning(cloud);
  if (id !== undefined) return requireRunning(cloud, running, id);
  const health = await readTargetHealth(cloud.clients.loadBalancing, targets);
  const chosen = running.find((it) => health.get(it.id) === 'healthy') ?? running[0];
  if (chosen) return chosen.id;
  throw new OperatorError(
    `The stack ${cloud.stackName} has no running instance. Run ${formatCommand(cloud, 'status')} to see why.`,
  );
}

function listRunning({ clients, stackName }: CloudContext): Promise<Instance[]> {
  return listInstances(clients.ec2, [
    tagFilter(STACK_TAG, stackName),
    { Name: 'instance-state-name', Values: ['running'] },
  ]);
}

function requireRunning({ stackName }: CloudContext, running: Instance[], id: string): string {
  if (running.some((it) => it.id === id)) return id;
  const ids = running.map((it) => it.id).join(', ');
  throw new OperatorError(
    `${id} is not a running instance of the stack ${stackName}. Its running instances are: ${ids || 'none'}.`,
  );
}

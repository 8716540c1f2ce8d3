import { errorMessage } from '../../errors/error-message.ts';
import type { CloudContext } from '../context.ts';
import { formatPriced, monthlyInstanceCost } from '../costs/priced-resource.ts';
import { requireScalingGroup } from './scaling-group.ts';

/**
 * Returns a sentence about an Auto Scaling group that has more instances than it should have, with the cost of each, or
 * no sentence. Only logs an error, since the caller throws a more important one.
 */
export async function explainExtraInstances(
  { clients, log }: CloudContext,
  groupName: string,
): Promise<string[]> {
  try {
    const { members, desired } = await requireScalingGroup(clients.autoScaling, groupName);
    const staying = members.filter(({ state }) => !/^(Terminating|Terminated)/.test(state));
    if (staying.length <= desired) return [];
    const each = staying.map(({ id, type }) =>
      formatPriced({ about: id, monthly: monthlyInstanceCost(type) }),
    );
    return [
      `The group has ${staying.length} instances instead of ${desired}: ${each.join(', ')}. AWS terminates those that are too many.`,
    ];
  } catch (error) {
    log(errorMessage(error));
    return [];
  }
}

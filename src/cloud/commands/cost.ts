import { formatRequest } from '../../aws/format-request.ts';
import type { CloudContext } from '../context.ts';
import { formatCosts, listCosts } from '../costs/costs.ts';
import { PRICES } from '../costs/prices.ts';
import { formatSpending, readSpending, spendingRequest } from '../costs/spending.ts';
import { listDefaultTypes } from '../stack/instance-types.ts';
import { effectiveValues } from '../stack/parameters.ts';
import { findStack, STACK_TAG } from '../stack/stack.ts';
import { listParameters, renderTemplate } from '../stack/template.ts';

const CHARGE = `Cost Explorer charges $${PRICES.costExplorerRequest} for a request.`;

/**
 * Prints the estimated costs of the stack, or of a new stack with the default parameters, and the costs that AWS has
 * charged for it. A dry run does not send the request to Cost Explorer, which costs money.
 */
export async function printCost(
  cloud: CloudContext,
  { dryRun }: { dryRun: boolean },
): Promise<void> {
  const { print, stackName } = cloud;
  const stack = await findStack(cloud);
  const presets = stack ? {} : { InstanceTypes: listDefaultTypes().join(',') };
  const parameters = effectiveValues(listParameters(await renderTemplate()), stack, presets);
  print(stack ? `ESTIMATE of ${stackName}` : 'ESTIMATE of a new stack with the default parameters');
  for (const line of formatCosts(listCosts(parameters))) print(`  ${line}`);
  const request = spendingRequest(new Date());
  if (dryRun) {
    return print(`${CHARGE} It was not sent: ${formatRequest('GetCostAndUsage', request)}`);
  }
  print(`SPENT on ${stackName}, before credits`);
  const months = await readSpending(cloud, request);
  for (const line of formatSpending(months)) print(`  ${line}`);
  print(`AWS adds costs up to a day later. ${CHARGE}`);
  if (!months.some(({ hasTag }) => hasTag)) {
    print(
      `AWS assigns no costs to the tag ${STACK_TAG}. Activate it under Billing › Cost allocation tags, where it appears ` +
        `a day after the stack was created. Costs are assigned from then on.`,
    );
  }
}

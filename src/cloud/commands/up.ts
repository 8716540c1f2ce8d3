import type { CloudContext } from '../context.ts';
import { formatCommand } from '../format-command.ts';
import { formatCosts } from '../costs/costs.ts';
import { planReplacement } from '../instances/replace-instances.ts';
import { waitUntilReady } from '../instances/wait-until-ready.ts';
import { initializeDatabase } from '../database/initialize-database.ts';
import { changeStack } from '../stack/change-stack.ts';
import { assertImageCompatible } from '../stack/image-compatibility.ts';
import { readOutputs } from '../stack/outputs.ts';
import {
  assertKnownParameters,
  effectiveValues,
  toRequestParameters,
  type ParameterValues,
} from '../stack/parameters.ts';
import { resolveDefaults } from '../stack/resolve-defaults.ts';
import { waitUntilStable } from '../stack/wait-until-stable.ts';
import { requireStack, type Stack } from '../stack/stack.ts';
import { listParameters, renderTemplate } from '../stack/template.ts';

/**
 * Raises the stack, or changes it to what the template and these parameters say, and waits until it serves. Whatever
 * an earlier one was broken off at, it goes on from there.
 */
export async function up(
  cloud: CloudContext,
  { parameters: set, dryRun }: { parameters: ParameterValues; dryRun: boolean },
): Promise<void> {
  const template = await renderTemplate();
  const known = listParameters(template);
  assertKnownParameters(known, set);
  const stack = await waitUntilStable(cloud);
  const wanted = await complete(cloud, stack, { set, all: effectiveValues(known, stack, set) });
  const names = known.map(({ name }) => name);
  const parameters = toRequestParameters(names, stack, wanted);
  await changeStack(cloud, stack, { template, parameters, dryRun });
  if (!dryRun) await goLive(cloud);
}

/** With what a new stack needs besides, and only if instances can start from it. */
async function complete(
  { clients }: CloudContext,
  stack: Stack | null,
  { set, all }: { set: ParameterValues; all: ParameterValues },
): Promise<ParameterValues> {
  const wanted = stack ? set : { ...set, ...(await resolveDefaults(clients.ec2, all)) };
  if (wanted.ImageId || wanted.InstanceType)
    await assertImageCompatible(clients.ec2, { ...all, ...wanted });
  return wanted;
}

async function goLive(cloud: CloudContext): Promise<void> {
  await initializeDatabase(cloud, await requireStack(cloud));
  const stack = await requireStack(cloud);
  const { address, instances } = readOutputs(stack);
  const { group, outdated } = await planReplacement(cloud, instances);
  if (outdated.length > 0) {
    cloud.print(
      `${outdated.length} of ${group.members.length} instances are still as they were. To replace them, one at a ` +
        `time: ${formatCommand(cloud, 'roll')}`,
    );
  }
  await waitUntilReady(cloud, address);
  cloud.log(`MiniTwit is up: ${address}`);
  cloud.print('What it costs:');
  for (const line of formatCosts(stack.parameters)) cloud.print(`  ${line}`);
}

import type { Cloud } from '../context.ts';
import { commandLine } from '../format-command.ts';
import { describeCosts } from '../costs/costs.ts';
import { planReplacement } from '../instances/replace-instances.ts';
import { waitUntilReady } from '../instances/wait-until-ready.ts';
import { setUp } from '../database/initialize-database.ts';
import { changeStack } from '../stack/change-stack.ts';
import { checkImage } from '../stack/check-image.ts';
import { readOutputs } from '../stack/outputs.ts';
import { checkNames, effectiveValues, sentParameters, type Values } from '../stack/parameters.ts';
import { findPlace } from '../stack/resolve-defaults.ts';
import { settleStack } from '../stack/wait-until-stable.ts';
import { requireStack, type Stack } from '../stack/stack.ts';
import { listParameters, renderTemplate } from '../stack/template.ts';

/**
 * Raises the stack, or changes it to what the template and these parameters say, and waits until it serves. Whatever
 * an earlier one was broken off at, it goes on from there.
 */
export async function up(
  cloud: Cloud,
  { parameters: set, dryRun }: { parameters: Values; dryRun: boolean },
): Promise<void> {
  const template = await renderTemplate();
  const known = listParameters(template);
  checkNames(known, set);
  const stack = await settleStack(cloud);
  const wanted = await complete(cloud, stack, { set, all: effectiveValues(known, stack, set) });
  const names = known.map(({ name }) => name);
  const parameters = sentParameters(names, stack, wanted);
  await changeStack(cloud, stack, { template, parameters, dryRun });
  if (!dryRun) await goLive(cloud);
}

/** With what a new stack needs besides, and only if instances can start from it. */
async function complete(
  { clients }: Cloud,
  stack: Stack | null,
  { set, all }: { set: Values; all: Values },
): Promise<Values> {
  const wanted = stack ? set : { ...set, ...(await findPlace(clients.ec2, all)) };
  if (wanted.ImageId || wanted.InstanceType) await checkImage(clients.ec2, { ...all, ...wanted });
  return wanted;
}

async function goLive(cloud: Cloud): Promise<void> {
  await setUp(cloud, await requireStack(cloud));
  const stack = await requireStack(cloud);
  const { address, instances } = readOutputs(stack);
  const { group, outdated } = await planReplacement(cloud, instances);
  if (outdated.length > 0) {
    cloud.print(
      `${outdated.length} of ${group.members.length} instances are still as they were. To replace them, one at a ` +
        `time: ${commandLine(cloud, 'roll')}`,
    );
  }
  await waitUntilReady(cloud, address);
  cloud.tell(`MiniTwit is up: ${address}`);
  cloud.print('What it costs:');
  for (const line of describeCosts(stack.parameters)) cloud.print(`  ${line}`);
}

import { errorMessage } from '../../errors/error-message.ts';
import type { CloudContext } from '../context.ts';
import { formatCommand } from '../format-command.ts';
import { formatCosts } from '../costs/costs.ts';
import { listOrphans } from '../teardown/orphans.ts';
import { printRemaining } from '../teardown/remaining.ts';
import { findStack, isEmpty, type Stack } from '../stack/stack.ts';
import { formatAlarms } from '../status/alarms.ts';
import { formatDatabases } from '../status/database.ts';
import { formatImages } from '../status/images.ts';
import { formatInstances } from '../status/instances.ts';
import { formatStack } from '../status/stack.ts';

const SECTIONS: [string, (cloud: CloudContext, stack: Stack) => Promise<string[]> | string[]][] = [
  ['STACK', formatStack],
  ['INSTANCES', formatInstances],
  ['DATABASE', formatDatabases],
  ['ALARMS', formatAlarms],
  ['IMAGES', formatImages],
  ['COSTS', (_, { parameters }) => formatCosts(parameters)],
];

/**
 * Shows what there is, how it is, and what it costs, on a screen: of a stack that is whole, in between, or broken; of
 * one that is not there, what is left. What cannot be looked at is said in its place, and hides nothing else.
 */
export async function printStatus(cloud: CloudContext): Promise<void> {
  const stack = await findStack(cloud);
  if (!stack || isEmpty(stack)) return printRemains(cloud);
  // all at once, since each asks AWS for several things
  const sections = SECTIONS.map(async ([title, describe]) => {
    try {
      return { title, lines: await describe(cloud, stack) };
    } catch (error) {
      return { title, lines: [errorMessage(error)] };
    }
  });
  for (const section of sections) {
    const { title, lines } = await section;
    cloud.print(title);
    for (const line of lines) cloud.print(`  ${line}`);
  }
}

async function printRemains(cloud: CloudContext): Promise<void> {
  cloud.print(
    `There is no stack ${cloud.stackName} in this region: ${formatCommand(cloud, 'up')} raises it.`,
  );
  const left = await listOrphans(cloud, []);
  if (left.length > 0) cloud.print('This of it is there all the same, and may cost:');
  for (const line of left) cloud.print(`  ${line}`);
  await printRemaining(cloud);
}

import { errorMessage } from '../../errors/error-message.ts';
import type { CloudContext } from '../context.ts';
import { formatCosts } from '../costs/costs.ts';
import { listOrphans } from '../teardown/orphans.ts';
import { printRemaining } from '../teardown/remaining.ts';
import { findStack, isEmpty, type Stack, stackNotFoundError } from '../stack/stack.ts';
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
 * Prints the state of the stack's resources, and their cost. Without a stack, prints orphaned and
 * retained resources. The error of a section is printed in its place, and does not prevent the other sections.
 */
export async function printStatus(cloud: CloudContext): Promise<void> {
  const stack = await findStack(cloud);
  if (!stack || isEmpty(stack)) return printWithoutStack(cloud);
  // All sections send their requests at the same time, which is faster.
  const sections = SECTIONS.map(async ([title, format]) => {
    try {
      return { title, lines: await format(cloud, stack) };
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

async function printWithoutStack(cloud: CloudContext): Promise<void> {
  cloud.print(stackNotFoundError(cloud).message);
  const orphans = await listOrphans(cloud, []);
  if (orphans.length > 0)
    cloud.print('These resources of the stack still exist, and may cost money:');
  for (const line of orphans) cloud.print(`  ${line}`);
  await printRemaining(cloud);
}

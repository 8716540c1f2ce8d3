import { errorMessage } from '../../errors/error-message.ts';
import type { Cloud } from '../context.ts';
import { commandLine } from '../format-command.ts';
import { describeCosts } from '../costs/costs.ts';
import { listLeftovers } from '../teardown/orphans.ts';
import { sayRemains } from '../teardown/remaining.ts';
import { findStack, isEmpty, type Stack } from '../stack/stack.ts';
import { describeAlarms } from '../status/alarms.ts';
import { describeDatabases } from '../status/database.ts';
import { describeImages } from '../status/images.ts';
import { describeInstances } from '../status/instances.ts';
import { describeStack } from '../status/stack.ts';

const SECTIONS: [string, (cloud: Cloud, stack: Stack) => Promise<string[]> | string[]][] = [
  ['STACK', describeStack],
  ['INSTANCES', describeInstances],
  ['DATABASE', describeDatabases],
  ['ALARMS', describeAlarms],
  ['IMAGES', describeImages],
  ['COSTS', (_, { parameters }) => describeCosts(parameters)],
];

/**
 * Shows what there is, how it is, and what it costs, on a screen: of a stack that is whole, in between, or broken; of
 * one that is not there, what is left. What cannot be looked at is said in its place, and hides nothing else.
 */
export async function printStatus(cloud: Cloud): Promise<void> {
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

async function printRemains(cloud: Cloud): Promise<void> {
  cloud.print(
    `There is no stack ${cloud.stackName} in this region: ${commandLine(cloud, 'up')} raises it.`,
  );
  const left = await listLeftovers(cloud, []);
  if (left.length > 0) cloud.print('This of it is there all the same, and may cost:');
  for (const line of left) cloud.print(`  ${line}`);
  await sayRemains(cloud);
}

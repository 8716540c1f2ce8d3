import type { CloudContext } from '../context.ts';
import { formatCosts } from '../costs/costs.ts';
import { formatPriced } from '../costs/priced-resource.ts';
import { listOrphans } from '../teardown/orphans.ts';
import { listCurrentCosts } from '../teardown/remaining-costs.ts';
import { printRemaining } from '../teardown/remaining.ts';
import { listRetainedResources } from '../teardown/retained-resources.ts';
import { findStack, isEmpty, type Stack, stackNotFoundError } from '../stack/stack.ts';
import { alarmsSection } from '../status/alarms.ts';
import { databaseSection } from '../status/database.ts';
import { imagesSection } from '../status/images.ts';
import { instancesSection } from '../status/instances.ts';
import { secretsSection } from '../status/secrets.ts';
import { createSection, type ReadSection, type Section } from '../status/section.ts';
import { stackSection } from '../status/stack.ts';
import { createStatusContext } from '../status/status-context.ts';

const JSON_VERSION = 1;
const SECTIONS: [title: string, read: ReadSection][] = [
  ['stack', stackSection],
  ['instances', instancesSection],
  ['database', databaseSection],
  ['secrets', secretsSection],
  ['alarms', alarmsSection],
  ['images', imagesSection],
  ['costs', createSection((context) => listCurrentCosts(context, context.stack), formatCosts)],
];

/**
 * Prints the state of the stack's resources, and their cost. Without a stack, prints orphaned and
 * retained resources. The error of a section is printed in its place, and does not prevent the other sections.
 * @param json whether to print one JSON object, which docs/operation.md describes, instead of lines
 */
export async function printStatus(
  cloud: CloudContext,
  { json = false }: { json?: boolean } = {},
): Promise<void> {
  const stack = await findStack(cloud);
  const exists = stack !== null && !isEmpty(stack);
  if (json) {
    const reports = exists ? await readReports(cloud, stack) : await readReportsWithoutStack(cloud);
    cloud.print(JSON.stringify({ version: JSON_VERSION, ...reports }, null, 2));
  } else if (exists) {
    await printSections(cloud, stack);
  } else {
    await printWithoutStack(cloud);
  }
}

/** Starts to read all sections. They send their requests at the same time, which is faster. */
function readSections(cloud: CloudContext, stack: Stack): [title: string, Promise<Section>][] {
  const context = createStatusContext(cloud, stack);
  return SECTIONS.map(([title, read]) => [title, read(context)]);
}

async function printSections(cloud: CloudContext, stack: Stack): Promise<void> {
  for (const [title, section] of readSections(cloud, stack)) {
    const { lines } = await section;
    cloud.print(title.toUpperCase());
    for (const line of lines) cloud.print(`  ${line}`);
  }
}

async function readReports(cloud: CloudContext, stack: Stack): Promise<Record<string, unknown>> {
  const reports: Record<string, unknown> = {};
  for (const [title, section] of readSections(cloud, stack)) {
    reports[title] = (await section).report;
  }
  return reports;
}

async function readReportsWithoutStack(cloud: CloudContext): Promise<Record<string, unknown>> {
  const [orphans, retained] = await Promise.all([
    listOrphans(cloud, []),
    listRetainedResources(cloud),
  ]);
  return {
    stack: null,
    orphans: orphans.map(({ about }) => about),
    retained: retained.map(({ id, about, monthly }) => ({ id, about, monthly })),
  };
}

async function printWithoutStack(cloud: CloudContext): Promise<void> {
  cloud.print(stackNotFoundError(cloud).message);
  const orphans = await listOrphans(cloud, []);
  if (orphans.length > 0) cloud.print('These resources of the stack still exist:');
  for (const orphan of orphans) cloud.print(`  ${formatPriced(orphan)}`);
  await printRemaining(cloud);
}

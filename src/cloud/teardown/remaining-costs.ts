import { errorMessage } from '../../errors/error-message.ts';
import { addSentence } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import { listCosts } from '../costs/costs.ts';
import { type Cost, toHourly } from '../costs/instance-costs.ts';
import { formatBilled, type PricedResource } from '../costs/priced-resource.ts';
import { formatCommand } from '../format-command.ts';
import { findStack, isIncomplete, type Stack } from '../stack/stack.ts';
import { listRetainedAutomatedBackups } from './automated-backups.ts';
import { listRetainedDatabaseSnapshots } from './database-snapshots.ts';
import { listOrphans } from './orphans.ts';

/**
 * Returns the error of a failed command with sentences about the resources that it has left, and their cost. Returns the
 * error unchanged if there are no such sentences, if the command must stop, or if AWS does not answer.
 */
export async function addCosts(
  cloud: CloudContext,
  error: unknown,
  explain: (cloud: CloudContext) => Promise<string[]>,
): Promise<unknown> {
  if (cloud.signal.aborted) return error;
  try {
    const sentences = await explain(cloud);
    return sentences.length === 0 ? error : addSentence(error, sentences.join(' '));
  } catch (problem) {
    // Without a region, both have the same reason.
    if (errorMessage(problem) !== errorMessage(error)) cloud.log(errorMessage(problem));
    return error;
  }
}

/**
 * Returns sentences about what AWS bills of the stack if its creation or removal has failed: its resources, and the
 * backups of its databases. Returns none if nothing is billed, and for any other stack.
 */
export async function explainRemainingCosts(cloud: CloudContext): Promise<string[]> {
  const stack = await findStack(cloud);
  if (!stack || !isIncomplete(stack)) return [];
  const { resources, backups } = await listRemaining(cloud);
  const billedResources = formatBilled(resources);
  const billedBackups = formatBilled(backups);
  const command = formatCommand(cloud, 'down --everything');
  return [
    ...(billedResources
      ? [`AWS bills these resources until they are removed: ${billedResources}.`]
      : []),
    ...(billedBackups
      ? [
          `AWS bills these backups until they expire, or until ${command} removes them: ${billedBackups}.`,
        ]
      : []),
  ];
}

/** Lists the costs of a stack: those of its parameters, or of what exists if its creation or removal has failed. */
export async function listCurrentCosts(cloud: CloudContext, stack: Stack): Promise<Cost[]> {
  if (!isIncomplete(stack)) return listCosts(stack.parameters);
  const { resources, backups } = await listRemaining(cloud);
  return [...resources, ...backups]
    .filter(({ monthly }) => monthly !== 0)
    .map(({ about, monthly }) => ({
      about,
      hourly: monthly === null ? null : toHourly(monthly),
    }));
}

/** Lists the resources that have the tag of a stack, and the backups of its databases, which remain without it. */
async function listRemaining(
  cloud: CloudContext,
): Promise<{ resources: PricedResource[]; backups: PricedResource[] }> {
  const [resources, snapshots, automated] = await Promise.all([
    listOrphans(cloud, []),
    listRetainedDatabaseSnapshots(cloud),
    listRetainedAutomatedBackups(cloud),
  ]);
  const backups = [...snapshots, ...automated].map(({ id, about, monthly }) => ({
    about: `${about} (${id})`,
    monthly,
  }));
  return { resources, backups };
}

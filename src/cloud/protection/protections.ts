import { addSentence } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import { formatCommand } from '../format-command.ts';
import { listResources } from '../stack/resources.ts';
import type { Stack } from '../stack/stack.ts';
import { listProtectionsOfLoadBalancers } from './load-balancers.ts';
import type { Protection } from './protection.ts';
import { protectionOfStack } from './stack.ts';

/**
 * Lists the protections of a stack and of its resources, in the order in which they are disabled. The stack is the
 * last one, because AWS does not delete a protected stack.
 */
export async function listProtections(cloud: CloudContext, stack: Stack): Promise<Protection[]> {
  const resources = await listResources(cloud, stack.id);
  return [
    ...(await listProtectionsOfLoadBalancers(cloud, resources)),
    protectionOfStack(cloud, stack),
  ];
}

/** Enables each protection of a stack that is disabled. Idempotent. */
export async function protectStack(cloud: CloudContext, stack: Stack): Promise<void> {
  for (const { resource, isEnabled, set } of await listProtections(cloud, stack)) {
    if (isEnabled) continue;
    cloud.signal.throwIfAborted();
    cloud.log(`Protecting ${resource} against deletion …`);
    await set(true);
  }
}

/**
 * Returns a line with the unprotected resources of a stack and the command that protects them, or none if all are
 * protected.
 */
export async function formatProtections(cloud: CloudContext, stack: Stack): Promise<string[]> {
  const unprotected = (await listProtections(cloud, stack)).filter(({ isEnabled }) => !isEnabled);
  if (unprotected.length === 0) return [];
  return [formatUnprotected(unprotected) + formatTodo(cloud)];
}

/**
 * Disables each protection of a stack that is enabled, and removes the stack.
 * @param remove removes the unprotected stack
 * @throws the error of a request or of `remove`, with the resources that are no longer protected
 */
export async function removeUnprotected(
  cloud: CloudContext,
  stack: Stack,
  remove: () => Promise<void>,
): Promise<void> {
  const unprotected: Protection[] = [];
  try {
    for (const protection of await listProtections(cloud, stack)) {
      cloud.signal.throwIfAborted();
      if (protection.isEnabled) await disable(cloud, protection);
      unprotected.push(protection);
    }
  } catch (error) {
    const state =
      unprotected.length > 0 ? ` ${formatUnprotected(unprotected)}${formatTodo(cloud)}` : '';
    throw addSentence(error, `Nothing was removed.${state}`);
  }
  await remove().catch((error: unknown) => {
    throw addSentence(error, formatUnprotected(unprotected));
  });
}

async function disable(cloud: CloudContext, { resource, set }: Protection): Promise<void> {
  cloud.log(`Disabling the deletion protection of ${resource} …`);
  await set(false);
}

function formatUnprotected(protections: Protection[]): string {
  return `Not protected against deletion: ${protections.map(({ resource }) => resource).join(', ')}.`;
}

function formatTodo(cloud: CloudContext): string {
  return ` Run ${formatCommand(cloud, 'up')} to protect them.`;
}

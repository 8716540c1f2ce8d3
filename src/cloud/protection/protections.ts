import { addSentence } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import { formatCommand } from '../format-command.ts';
import { listResources, type StackResource } from '../stack/resources.ts';
import type { Stack } from '../stack/stack.ts';
import { listProtectionsOfDatabases } from './databases.ts';
import { listProtectionsOfLoadBalancers } from './load-balancers.ts';
import type { Protection } from './protection.ts';
import { protectionOfStack } from './stack.ts';

/**
 * Lists the protections of a stack and of its resources, in the order in which they are disabled. The stack is the
 * last one, because AWS does not delete a protected stack.
 */
export async function listProtections(
  cloud: CloudContext,
  stack: Stack,
  resources: StackResource[],
): Promise<Protection[]> {
  return [
    ...(await listProtectionsOfDatabases(cloud, resources)),
    ...(await listProtectionsOfLoadBalancers(cloud, resources)),
    protectionOfStack(cloud, stack),
  ];
}

/** Enables each protection of a stack that is disabled. Idempotent. */
export async function protectStack(cloud: CloudContext, stack: Stack): Promise<void> {
  const resources = await listResources(cloud, stack.id);
  for (const { resource, isEnabled, set } of await listProtections(cloud, stack, resources)) {
    if (isEnabled) continue;
    cloud.signal.throwIfAborted();
    cloud.log(`Protecting ${resource} against deletion …`);
    await set(true);
  }
}

/** Lists the resources of a stack that are not protected, such as `the load balancer minitwit-Balancer`. */
export async function listUnprotected(
  cloud: CloudContext,
  stack: Stack,
  resources: StackResource[],
): Promise<string[]> {
  const protections = await listProtections(cloud, stack, resources);
  return protections.filter(({ isEnabled }) => !isEnabled).map(({ resource }) => resource);
}

/**
 * Disables each protection of a stack that is enabled, and removes the stack.
 * @param remove removes the unprotected stack
 * @throws the error of a request or of `remove`, with the resources that are no longer protected
 */
export async function unprotectAndRemove(
  cloud: CloudContext,
  stack: Stack,
  remove: () => Promise<void>,
): Promise<void> {
  const unprotected: string[] = [];
  try {
    const resources = await listResources(cloud, stack.id);
    for (const protection of await listProtections(cloud, stack, resources)) {
      cloud.signal.throwIfAborted();
      if (protection.isEnabled) await disable(cloud, protection);
      unprotected.push(protection.resource);
    }
  } catch (error) {
    const state =
      unprotected.length > 0
        ? ` ${formatUnprotected(unprotected)} ${formatProtectHint(cloud)}`
        : '';
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

/** Returns a sentence with unprotected resources. */
export function formatUnprotected(resources: string[]): string {
  return `Not protected against deletion: ${resources.join(', ')}.`;
}

/** Returns a sentence with the command that protects the resources. */
export function formatProtectHint(cloud: CloudContext): string {
  return `Run ${formatCommand(cloud, 'up')} to protect them.`;
}

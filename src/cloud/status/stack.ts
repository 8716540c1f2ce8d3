import type { CloudContext } from '../context.ts';
import { formatProtections } from '../protection/protections.ts';
import { explainStatus } from '../stack/failure.ts';
import { listResources } from '../stack/resources.ts';
import type { Stack } from '../stack/stack.ts';

/**
 * Returns the status of the stack, the URL of the site, the resources that are being changed or have failed, and those
 * of a complete stack that are not protected against deletion.
 */
export async function formatStack(cloud: CloudContext, stack: Stack): Promise<string[]> {
  const { id, status, reason, outputs } = stack;
  const resources = await listResources(cloud, id);
  const unfinished = resources.filter((it) => /_(IN_PROGRESS|FAILED)$/.test(it.status));
  const explanation = explainStatus(status, cloud) ?? reason;
  return [
    `${cloud.stackName}, ${status}${explanation ? `: ${explanation}` : ''}`,
    ...(outputs.Address ? [outputs.Address] : []),
    ...unfinished.map(
      (it) => `${it.name} (${it.type}): ${it.status}${it.reason ? `, ${it.reason}` : ''}`,
    ),
    ...(isComplete(stack) ? await formatProtections(cloud, stack) : []),
  ];
}

function isComplete({ status }: Stack): boolean {
  return /^(CREATE|UPDATE|UPDATE_ROLLBACK)_COMPLETE$/.test(status);
}

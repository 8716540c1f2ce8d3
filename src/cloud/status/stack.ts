import type { CloudContext } from '../context.ts';
import { explainStatus } from '../stack/failure.ts';
import { listResources } from '../stack/resources.ts';
import type { Stack } from '../stack/stack.ts';

/** Returns the status of the stack, the URL of the site, and the resources that are being changed or have failed. */
export async function formatStack(
  cloud: CloudContext,
  { id, status, reason, outputs }: Stack,
): Promise<string[]> {
  const resources = await listResources(cloud, id);
  const unfinished = resources.filter((it) => /_(IN_PROGRESS|FAILED)$/.test(it.status));
  const explanation = explainStatus(status, cloud) ?? reason;
  return [
    `${cloud.stackName}, ${status}${explanation ? `: ${explanation}` : ''}`,
    ...(outputs.Address ? [outputs.Address] : []),
    ...unfinished.map(
      (it) => `${it.name} (${it.type}): ${it.status}${it.reason ? `, ${it.reason}` : ''}`,
    ),
  ];
}

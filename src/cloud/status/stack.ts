import type { CloudContext } from '../context.ts';
import { explainStatus } from '../stack/failure.ts';
import { listResources } from '../stack/resources.ts';
import type { Stack } from '../stack/stack.ts';

/** Says how the stack is, where the site is, and what of it is being made or has failed. */
export async function formatStack(
  cloud: CloudContext,
  { id, status, reason, outputs }: Stack,
): Promise<string[]> {
  const resources = await listResources(cloud, id);
  const odd = resources.filter((it) => /_(IN_PROGRESS|FAILED)$/.test(it.status));
  const what = explainStatus(status, cloud.stackName) ?? reason;
  return [
    `${cloud.stackName}, ${status}${what ? `: ${what}` : ''}`,
    ...(outputs.Address ? [outputs.Address] : []),
    ...odd.map((it) => `${it.name} (${it.type}): ${it.status}${it.reason ? `, ${it.reason}` : ''}`),
  ];
}

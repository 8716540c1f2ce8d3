import { type Instance, listInstances } from '../../aws/ec2/instances.ts';
import { tagFilter } from '../../aws/ec2/tags.ts';
import { alignColumns } from '../../cli/table.ts';
import { formatAge } from '../../cli/times.ts';
import type { CloudContext } from '../context.ts';
import { formatCommand } from '../format-command.ts';
import { listMiniTwitImages } from '../images.ts';
import { findActiveRefresh } from '../instances/instance-refreshes.ts';
import { readTargetHealth } from '../instances/target-health.ts';
import { planReplacement } from '../instances/replace-instances.ts';
import { type Stack, STACK_TAG } from '../stack/stack.ts';

const TITLES = ['INSTANCE', 'ZONE', 'STATE', 'HEALTH', 'IMAGE', 'AGE', 'TYPE'];

/** Returns a table of the instances, and whether they are being replaced or have to be. */
export async function formatInstances(cloud: CloudContext, { outputs }: Stack): Promise<string[]> {
  const { ec2, loadBalancing } = cloud.clients;
  const [instances, images, health] = await Promise.all([
    listInstances(ec2, [tagFilter(STACK_TAG, cloud.stackName)]),
    listMiniTwitImages(ec2),
    outputs.Targets ? readTargetHealth(loadBalancing, outputs.Targets) : new Map<string, string>(),
  ]);
  const alive = instances.filter(({ state }) => state !== 'terminated');
  if (alive.length === 0) return ['none'];
  const names = new Map(images.map((it) => [it.id, `${it.version} (${it.commit.slice(0, 7)})`]));
  const rows = alive.map((it) => formatInstance(it, names.get(it.imageId), health.get(it.id)));
  const notes = outputs.Instances ? await formatReplacement(cloud, outputs.Instances) : [];
  return [...alignColumns([TITLES, ...rows]), ...notes];
}

function formatInstance(
  it: Instance,
  image: string | undefined,
  health: string | undefined,
): string[] {
  const market = it.spotRequestId ? 'spot' : 'on demand';
  return [
    it.id,
    it.zone,
    it.state,
    health ?? '',
    image ?? it.imageId,
    formatAge(it.launchedAt),
    `${it.type}, ${market}`,
  ];
}

async function formatReplacement(cloud: CloudContext, groupName: string): Promise<string[]> {
  const [{ outdated, group }, active] = await Promise.all([
    planReplacement(cloud, groupName),
    findActiveRefresh(cloud.clients.autoScaling, groupName),
  ]);
  if (active) {
    const command = formatCommand(cloud, 'roll');
    return [
      `AWS is replacing them: ${active.status}, ${active.percent} %. Run ${command} to wait for it.`,
    ];
  }
  if (group.members.length < group.desired) {
    return [`AWS is launching instances until there are ${group.desired}.`];
  }
  if (outdated.length === 0) return [];
  const ids = outdated.map(({ id }) => id).join(', ');
  return [`Outdated: ${ids}. Run ${formatCommand(cloud, 'roll')} to replace them.`];
}

import { type Instance, listInstances } from '../../aws/ec2/instances.ts';
import { tagFilter } from '../../aws/ec2/tags.ts';
import { alignColumns } from '../../cli/table.ts';
import { formatAge } from '../../cli/times.ts';
import type { CloudContext } from '../context.ts';
import { formatCommand } from '../format-command.ts';
import { findActiveRefresh } from '../instances/instance-refreshes.ts';
import { findLaunchFailure, formatLaunchFailure } from '../instances/launch-failure.ts';
import { findRolledBackVersion } from '../instances/rolled-back-version.ts';
import { readTargetHealth } from '../instances/target-health.ts';
import { planReplacement } from '../instances/replace-instances.ts';
import { STACK_TAG } from '../stack/stack.ts';
import { createSection } from './section.ts';
import type { StatusContext } from './status-context.ts';

const TITLES = ['INSTANCE', 'ZONE', 'STATE', 'HEALTH', 'IMAGE', 'AGE', 'TYPE'];

/** An instance of the stack that is not terminated. */
interface InstanceReport extends Pick<Instance, 'id' | 'zone' | 'state' | 'type' | 'launchedAt'> {
  market: 'spot' | 'on demand';
  /** The state in the load balancer's target group, such as `healthy`, or null if it is not in the group. */
  health: string | null;
  imageId: string;
  /** Version and commit of the image: `1.7.0 (0123456)`. Null if the image no longer exists. */
  image: string | null;
}

/** How far AWS is with the instances. */
interface FleetReport {
  /** How many instances the Auto Scaling group should have. */
  desired: number;
  /** How many instances it has, instances included that start or terminate. */
  members: number;
  /** The ids of the instances that were launched from another version of the launch template. */
  outdated: string[];
  /** Why AWS could not launch the last instance, or null. */
  launchFailure: string | null;
  /** The launch template version of a rolled-back change that the group launches instances from, or null. */
  rolledBackVersion: string | null;
  /** The active instance refresh, or null. */
  refresh: { status: string; percent: number } | null;
}

interface InstancesReport {
  instances: InstanceReport[];
  /** Null if there is no instance or no Auto Scaling group yet. */
  fleet: FleetReport | null;
}

/** The instances, and whether they are being replaced or have to be. */
export const instancesSection = createSection(readInstancesReport, formatInstancesReport);

async function readInstancesReport(context: StatusContext): Promise<InstancesReport> {
  const { outputs } = context.stack;
  const { ec2, loadBalancing } = context.clients;
  const [all, images, health] = await Promise.all([
    listInstances(ec2, [tagFilter(STACK_TAG, context.stackName)]),
    context.listImages(),
    outputs.Targets ? readTargetHealth(loadBalancing, outputs.Targets) : new Map<string, string>(),
  ]);
  const names = new Map(images.map((it) => [it.id, `${it.version} (${it.commit.slice(0, 7)})`]));
  const instances = all
    .filter(({ state }) => state !== 'terminated')
    .map(({ id, zone, state, type, launchedAt, spotRequestId, imageId }) => ({
      id,
      zone,
      state,
      type,
      launchedAt,
      market: spotRequestId ? ('spot' as const) : ('on demand' as const),
      health: health.get(id) ?? null,
      imageId,
      image: names.get(imageId) ?? null,
    }));
  const hasFleet = instances.length > 0 && outputs.Instances !== undefined;
  return { instances, fleet: hasFleet ? await readFleet(context) : null };
}

async function readFleet(context: StatusContext): Promise<FleetReport> {
  const { autoScaling } = context.clients;
  const groupName = context.stack.outputs.Instances ?? '';
  const [{ outdated, group }, active, launchFailure, rolledBack] = await Promise.all([
    planReplacement(context, groupName),
    findActiveRefresh(autoScaling, groupName),
    findLaunchFailure(autoScaling, groupName),
    findRolledBackVersion(context, context.stack),
  ]);
  return {
    desired: group.desired,
    members: group.members.length,
    outdated: outdated.map(({ id }) => id),
    launchFailure,
    rolledBackVersion: rolledBack && rolledBack.group.version,
    refresh: active && { status: active.status, percent: active.percent },
  };
}

function formatInstancesReport(
  { instances, fleet }: InstancesReport,
  cloud: CloudContext,
): string[] {
  if (instances.length === 0) return ['none'];
  const rows = instances.map((it) => [
    it.id,
    it.zone,
    it.state,
    it.health ?? '',
    it.image ?? it.imageId,
    formatAge(it.launchedAt),
    `${it.type}, ${it.market}`,
  ]);
  return [...alignColumns([TITLES, ...rows]), ...(fleet ? formatFleet(fleet, cloud) : [])];
}

function formatFleet(fleet: FleetReport, cloud: CloudContext): string[] {
  const { desired, members, outdated, launchFailure, refresh, rolledBackVersion } = fleet;
  const roll = formatCommand(cloud, 'roll');
  if (refresh) {
    return [
      `AWS is replacing them: ${refresh.status}, ${refresh.percent} %. Run ${roll} to wait for it.`,
    ];
  }
  if (rolledBackVersion !== null) {
    return [
      `The next instances would have the settings of a change that was rolled back (version ${rolledBackVersion} of the ` +
        `launch template). Run ${formatCommand(cloud, 'up')} to correct this.`,
    ];
  }
  if (members < desired) {
    const launching = `AWS is launching instances until there are ${desired}.`;
    return launchFailure ? [launching, formatLaunchFailure(launchFailure, cloud)] : [launching];
  }
  if (outdated.length === 0) return [];
  return [`Outdated: ${outdated.join(', ')}. Run ${roll} to replace them.`];
}

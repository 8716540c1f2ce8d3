import type { CloudContext } from '../context.ts';
import { listAlarms } from './alarms.ts';
import { requireScalingGroup, type ScalingGroup, type Member } from './scaling-group.ts';
import { findActiveRefresh, startRefresh } from './refreshes.ts';
import {
  createTemplateVersion,
  hasContent,
  listTemplateVersions,
  type LaunchTemplateVersion,
  withImage,
} from './template-versions.ts';
import { waitUntilHealthy, watchRefresh } from './watch-refresh.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { type Outputs, readOutputs } from '../stack/outputs.ts';
import { requireStack } from '../stack/stack.ts';

// The alarm sounds within 375 s after an unhealthy instance is in service: up to 75 s until two checks have failed and
// the next full minute begins, 180 s for the alarm's three minutes, and up to 120 s until AWS has the last of them and
// evaluates it. The next instance must not be replaced before that.
const WARMUP_S = 420;
// The alarm's three minutes once more after the last instance, for faults that occur only when all instances are new.
const BAKE_S = 180;

/** What it takes for all instances to be as they should. */
export interface ReplacementPlan {
  group: ScalingGroup;
  /** What the group starts instances from now. */
  current: LaunchTemplateVersion;
  /** What it should start them from, where there is such a version already. */
  wanted: LaunchTemplateVersion | null;
  /** Those that were started from something else. */
  outdated: Member[];
}

/**
 * Finds out which instances are not as the group's launch template says, with this image where one is given. What
 * versions say is compared, and not their numbers: the same may have been written down twice.
 */
export async function planReplacement(
  { clients }: CloudContext,
  groupName: string,
  imageId?: string,
): Promise<ReplacementPlan> {
  const group = await requireScalingGroup(clients.autoScaling, groupName);
  const versions = await listTemplateVersions(clients.ec2, group.templateId);
  const current = versions.find(({ number }) => number === group.version);
  if (!current) {
    throw new OperatorError(`There is no version ${group.version} of ${group.templateId}.`);
  }
  const content = imageId ? withImage(current, imageId) : current.content;
  const isWanted = (version: LaunchTemplateVersion | undefined) =>
    !!version && hasContent(version, content);
  const outdated = group.members.filter(
    (member) => !isWanted(versions.find(({ number }) => number === member.version)),
  );
  const wanted = isWanted(current) ? current : (versions.find(isWanted) ?? null);
  return { group, current, wanted, outdated };
}

/**
 * Replaces the instances that are not as they should be, one at a time, none leaving before the next has had its
 * time to come up. When MiniTwit becomes unhealthy by that, AWS goes back by itself, or stops where there is no other
 * version to go back to. A replacement that goes on already is watched to its end first.
 * @param imageId what to start them from; the group's own image unless given
 * @param despiteAlarm whether to go on when MiniTwit is unhealthy, as where those that leave cannot be otherwise
 * @throws OperatorError when AWS has gone back, or could not, or goes on alone
 */
export async function replaceInstances(
  cloud: CloudContext,
  { imageId, despiteAlarm = false }: { imageId?: string; despiteAlarm?: boolean } = {},
): Promise<void> {
  const outputs = readOutputs(await requireStack(cloud));
  await finishActive(cloud, outputs);
  const plan = await planReplacement(cloud, outputs.instances, imageId);
  if (plan.outdated.length === 0) return;
  const { group, current, outdated } = plan;
  cloud.signal.throwIfAborted();
  cloud.log(`Replacing ${outdated.map(({ id }) => id).join(', ')} …`);
  const version =
    plan.wanted?.number ??
    (await createTemplateVersion(cloud.clients.ec2, group.templateId, current, imageId ?? ''));
  const canGoBack = version !== group.version;
  const isWatched = !despiteAlarm && (await isHealthy(cloud, outputs));
  if (isWatched && !canGoBack) {
    cloud.log(
      'There is no other version to go back to: if a new instance is unhealthy, AWS stops, and the old ones that remain stay.',
    );
  }
  cloud.signal.throwIfAborted();
  const id = await startRefresh(cloud.clients.autoScaling, {
    AutoScalingGroupName: group.name,
    DesiredConfiguration: {
      LaunchTemplate: { LaunchTemplateId: group.templateId, Version: version },
    },
    Preferences: {
      MinHealthyPercentage: 100,
      // The group may grow by one instance. AWS rounds up, and accepts 200 at most.
      MaxHealthyPercentage: Math.floor(100 + 100 / Math.max(1, group.desired)),
      InstanceWarmup: WARMUP_S,
      BakeTime: BAKE_S,
      // Instances that an earlier attempt has replaced stay.
      SkipMatching: true,
      AutoRollback: canGoBack,
      ...(isWatched && { AlarmSpecification: { Alarms: [outputs.unhealthyAlarm] } }),
    },
  });
  if (id) await watchRefresh(cloud, outputs, id);
  else await finishActive(cloud, outputs);
  await waitUntilHealthy(cloud, outputs);
}

async function finishActive(cloud: CloudContext, outputs: Outputs): Promise<void> {
  const active = await findActiveRefresh(cloud.clients.autoScaling, outputs.instances);
  if (!active) return;
  cloud.log('AWS is replacing the instances already: watching that …');
  await watchRefresh(cloud, outputs, active.id);
}

/** Whether the alarm does not sound yet; if it did, a replacement that heeds it would fail at once. */
async function isHealthy(
  { clients, log }: CloudContext,
  { unhealthyAlarm }: Outputs,
): Promise<boolean> {
  const [alarm] = await listAlarms(clients.cloudWatch, [unhealthyAlarm]);
  if (alarm?.state !== 'ALARM') return true;
  log(`MiniTwit is unhealthy already (${alarm.name}): AWS goes on if it stays so.`);
  return false;
}

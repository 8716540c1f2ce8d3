import type { StartInstanceRefreshCommandInput } from '@aws-sdk/client-auto-scaling';
import type { CloudContext } from '../context.ts';
import { listAlarms } from './alarms.ts';
import {
  type Member,
  requireScalingGroup,
  type ScalingGroup,
  withTemplateVersion,
} from './scaling-group.ts';
import { findActiveRefresh, startRefresh } from './instance-refreshes.ts';
import {
  createTemplateVersion,
  hasContent,
  listTemplateVersions,
  type LaunchTemplateVersion,
  withImage,
} from './template-versions.ts';
import { waitUntilHealthy } from './wait-until-healthy.ts';
import { watchRefresh } from './watch-refresh.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { type Outputs, readOutputs } from '../stack/outputs.ts';
import { requireStack } from '../stack/stack.ts';

// The alarm is active within 375 s after an unhealthy instance is in service: up to 75 s until two checks have failed
// and the next full minute begins, 180 s for the alarm's three minutes, and up to 120 s until AWS has the last of them
// and evaluates it. The next instance must not be replaced before that.
const WARMUP_S = 420;
// The alarm's three minutes once more after the last instance, for faults that occur only when all instances are new.
const BAKE_S = 180;

/** The instances to replace, and the launch template version for their replacements. */
export interface ReplacementPlan {
  group: ScalingGroup;
  /** The instance types that the group launches, the preferred one first. */
  types: string[];
  /** The version that the group launches instances from. */
  current: LaunchTemplateVersion;
  /** The version that the group should launch instances from, or null if it does not exist yet. */
  target: LaunchTemplateVersion | null;
  /** All versions of the launch template, newest first. */
  versions: LaunchTemplateVersion[];
  /** The instances that were launched from a version with other settings, or are of a type that is no longer set. */
  outdated: Member[];
}

/**
 * Returns which instances differ from the group's launch template, or from that template with another image. Compares
 * the settings of versions and not their numbers, since an interrupted command may have created the same version
 * before.
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
    throw new OperatorError(
      `The launch template ${group.templateId} has no version ${group.version}.`,
    );
  }
  const content = imageId ? withImage(current, imageId) : current.content;
  const isTarget = (version: LaunchTemplateVersion | undefined) =>
    !!version && hasContent(version, content);
  const types = group.types ?? [current.content.InstanceType];
  const outdated = group.members.filter(
    ({ version, type }) =>
      !isTarget(versions.find(({ number }) => number === version)) || !types.includes(type),
  );
  const target = isTarget(current) ? current : (versions.find(isTarget) ?? null);
  return { group, types, current, target, versions, outdated };
}

/**
 * Replaces the outdated instances with an instance refresh, one at a time. Each new instance has its warm-up time
 * before the next one is replaced. If MiniTwit becomes unhealthy, AWS rolls back, or stops if there is no other
 * version. Waits first until an active refresh has ended.
 * @param imageId the image of the new instances, by default that of the group
 * @param despiteAlarm whether to ignore the alarm on unhealthy instances, because the old instances are unhealthy
 * @param evenCurrent whether to replace all instances, also those that are not outdated
 * @throws OperatorError when the refresh failed, or when it continues without this command
 */
export async function replaceInstances(
  cloud: CloudContext,
  {
    imageId,
    despiteAlarm = false,
    evenCurrent = false,
  }: { imageId?: string; despiteAlarm?: boolean; evenCurrent?: boolean } = {},
): Promise<void> {
  const outputs = readOutputs(await requireStack(cloud));
  await waitForActiveRefresh(cloud, outputs);
  const plan = await planReplacement(cloud, outputs.instances, imageId);
  const { group, current } = plan;
  const replaced = evenCurrent ? group.members : plan.outdated;
  if (replaced.length === 0) return;
  cloud.signal.throwIfAborted();
  cloud.log(`Replacing ${replaced.map(({ id }) => id).join(', ')} …`);
  const version =
    plan.target?.number ??
    (await createTemplateVersion(cloud.clients.ec2, group.templateId, current, imageId ?? ''));
  const usesAlarm = !despiteAlarm && (await isHealthy(cloud, outputs));
  if (usesAlarm && version === group.version) {
    cloud.log(
      'There is no other version for a rollback. If a new instance is unhealthy, AWS stops and does not replace the other instances.',
    );
  }
  cloud.signal.throwIfAborted();
  const alarm = usesAlarm ? outputs.unhealthyAlarm : null;
  const input = refreshInput(group, { version, alarm, evenCurrent });
  const id = await startRefresh(cloud.clients.autoScaling, input);
  if (id) await watchRefresh(cloud, outputs, id);
  else await waitForActiveRefresh(cloud, outputs);
  await waitUntilHealthy(cloud, outputs);
}

/**
 * Returns the input of StartInstanceRefresh.
 * @param alarm the name of the alarm that stops the refresh, or null
 */
function refreshInput(
  group: ScalingGroup,
  { version, alarm, evenCurrent }: { version: string; alarm: string | null; evenCurrent: boolean },
): StartInstanceRefreshCommandInput {
  return {
    AutoScalingGroupName: group.name,
    DesiredConfiguration: withTemplateVersion(group, version),
    Preferences: {
      MinHealthyPercentage: 100,
      // The group may grow by one instance. AWS rounds up, and accepts 200 at most.
      MaxHealthyPercentage: Math.floor(100 + 100 / Math.max(1, group.desired)),
      InstanceWarmup: WARMUP_S,
      BakeTime: BAKE_S,
      // Instances that an earlier attempt has replaced are not replaced again.
      SkipMatching: !evenCurrent,
      // AWS rolls back to the version of the group.
      AutoRollback: version !== group.version,
      ...(alarm !== null && { AlarmSpecification: { Alarms: [alarm] } }),
    },
  };
}

/**
 * Waits until the active instance refresh has ended, if there is one.
 * @throws OperatorError when it failed, or when it continues without this command
 */
export async function waitForActiveRefresh(cloud: CloudContext, outputs: Outputs): Promise<void> {
  const active = await findActiveRefresh(cloud.clients.autoScaling, outputs.instances);
  if (!active) return;
  cloud.log('AWS is already replacing the instances. Waiting until that has ended …');
  await watchRefresh(cloud, outputs, active.id);
}

/** Returns whether the alarm is inactive. A refresh that watches an active alarm fails at once. */
async function isHealthy(
  { clients, log }: CloudContext,
  { unhealthyAlarm }: Outputs,
): Promise<boolean> {
  const [alarm] = await listAlarms(clients.cloudWatch, [unhealthyAlarm]);
  if (alarm?.state !== 'ALARM') return true;
  log(`The alarm ${alarm.name} is already active, so this refresh does not watch it.`);
  return false;
}

import type { Cloud } from './cloud.ts';
import { listAlarms } from './alarms.ts';
import { findGroup, type Group, type Member } from './instances/group.ts';
import { findActiveRefresh, startRefresh } from './instances/refreshes.ts';
import {
  createVersion,
  isOf,
  listVersions,
  type TemplateVersion,
  withImage,
} from './instances/template-versions.ts';
import { waitUntilHealthy, watchRefresh } from './instances/watch-refresh.ts';
import { OperatorError } from '../errors.ts';
import { type Outputs, readOutputs } from './stack/outputs.ts';
import { requireStack } from './stack/stack.ts';

// A new instance is there within two minutes. Three more must have passed before the alarm tells that it is not well.
const WARMUP_S = 300;

/** What it takes for all instances to be as they should. */
export interface Replacement {
  group: Group;
  /** What the group starts instances from now. */
  current: TemplateVersion;
  /** What it should start them from, where there is such a version already. */
  wanted: TemplateVersion | null;
  /** Those that were started from something else. */
  outdated: Member[];
}

/**
 * Finds out which instances are not as the group's launch template says, with this image where one is given. What
 * versions say is compared, and not their numbers: the same may have been written down twice.
 */
export async function planReplacement(
  { clients }: Cloud,
  groupName: string,
  imageId?: string,
): Promise<Replacement> {
  const group = await findGroup(clients.autoScaling, groupName);
  const versions = await listVersions(clients.ec2, group.templateId);
  const current = versions.find(({ number }) => number === group.version);
  if (!current) {
    throw new OperatorError(`There is no version ${group.version} of ${group.templateId}.`);
  }
  const content = imageId ? withImage(current, imageId) : current.content;
  const isWanted = (version: TemplateVersion | undefined) => !!version && isOf(version, content);
  const outdated = group.members.filter(
    (member) => !isWanted(versions.find(({ number }) => number === member.version)),
  );
  const wanted = isWanted(current) ? current : (versions.find(isWanted) ?? null);
  return { group, current, wanted, outdated };
}

/**
 * Replaces the instances that are not as they should be, one at a time, none leaving before the next has had its
 * time to come up; with another image, AWS goes back by itself when that does not become healthy. A replacement
 * that goes on already is watched to its end first.
 * @param imageId what to start them from; the group's own image unless given
 * @throws OperatorError when AWS has gone back, or could not, or goes on alone
 */
export async function replaceInstances(
  cloud: Cloud,
  { imageId }: { imageId?: string } = {},
): Promise<void> {
  const outputs = readOutputs(await requireStack(cloud));
  await finishActive(cloud, outputs);
  const plan = await planReplacement(cloud, outputs.instances, imageId);
  if (plan.outdated.length === 0) return;
  const { group, current, outdated } = plan;
  cloud.tell(`Replacing ${outdated.map(({ id }) => id).join(', ')} …`);
  const version =
    plan.wanted?.number ??
    (await createVersion(cloud.clients.ec2, group.templateId, current, imageId ?? ''));
  const preferences = await choosePreferences(cloud, outputs, group, version);
  const id = await startRefresh(cloud.clients.autoScaling, {
    AutoScalingGroupName: group.name,
    DesiredConfiguration: {
      LaunchTemplate: { LaunchTemplateId: group.templateId, Version: version },
    },
    Preferences: preferences,
  });
  if (id) await watchRefresh(cloud, outputs, id);
  else await finishActive(cloud, outputs);
  await waitUntilHealthy(cloud, outputs);
}

async function finishActive(cloud: Cloud, outputs: Outputs): Promise<void> {
  const active = await findActiveRefresh(cloud.clients.autoScaling, outputs.instances);
  if (!active) return;
  cloud.tell('AWS is replacing the instances already: watching that …');
  await watchRefresh(cloud, outputs, active.id);
}

async function choosePreferences(
  { clients, tell }: Cloud,
  { unhealthyAlarm }: Outputs,
  { desired, version: current }: Group,
  version: string,
) {
  // without another version there is nothing to go back to, and those that leave may well be unhealthy
  const canGoBack = version !== current;
  const [alarm] = canGoBack ? await listAlarms(clients.cloudWatch, [unhealthyAlarm]) : [];
  const isAlarmed = alarm?.state === 'ALARM';
  if (isAlarmed) {
    tell(`MiniTwit is unhealthy already (${alarm.name}): AWS does not go back if it stays so.`);
  }
  return {
    MinHealthyPercentage: 100,
    // room for one more, which AWS rounds up; 200 is the most that there is
    MaxHealthyPercentage: Math.floor(100 + 100 / Math.max(1, desired)),
    InstanceWarmup: WARMUP_S,
    // those that an earlier try has replaced stay
    SkipMatching: true,
    AutoRollback: canGoBack,
    ...(canGoBack && !isAlarmed && { AlarmSpecification: { Alarms: [unhealthyAlarm] } }),
  };
}

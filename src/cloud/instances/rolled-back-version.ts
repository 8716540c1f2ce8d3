import { errorMessage } from '../../errors/error-message.ts';
import { addSentence } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import { changeStack, type StackUpdate } from '../stack/change-stack.ts';
import { listEvents } from '../stack/events.ts';
import { findStackById, type Stack } from '../stack/stack.ts';
import { requireScalingGroup, type ScalingGroup, setTemplateVersion } from './scaling-group.ts';
import {
  createTemplateVersion,
  hasContent,
  type LaunchTemplateVersion,
  listTemplateVersions,
} from './template-versions.ts';

/** A group that launches instances with the settings of a change that was rolled back. */
export interface RolledBackVersion {
  group: ScalingGroup;
  /** The version of the launch template with the settings of the stack. */
  target: LaunchTemplateVersion;
  /** The newest version of the launch template. */
  newest: LaunchTemplateVersion;
}

/**
 * Returns the group's launch template version that a rolled-back change has left, or null. CloudFormation does not
 * remove the version that a failed change has created, and leaves the group on it.
 */
export async function findRolledBackVersion(
  cloud: CloudContext,
  { id, status, parameters, outputs }: Stack,
): Promise<RolledBackVersion | null> {
  if (status !== 'UPDATE_ROLLBACK_COMPLETE' || !outputs.Instances) return null;
  const { autoScaling, ec2 } = cloud.clients;
  const events = await listEvents(cloud, id, null);
  const group = await requireScalingGroup(autoScaling, outputs.Instances);
  const versions = await listTemplateVersions(ec2, group.templateId);
  const [newest] = versions;
  const current = versions.find(({ number }) => number === group.version);
  if (!newest || !current || !isOfOperation(current, events)) return null;
  const earlier = versions.filter(({ number }) => Number(number) < Number(current.number));
  const target =
    earlier.find(({ content }) => content.ImageId === parameters.ImageId) ?? earlier[0];
  if (!target || hasContent(current, target.content)) return null;
  return { group, target, newest };
}

/**
 * Returns whether CloudFormation created a version during an operation. EC2's times have no milliseconds, so a version
 * that a command created at once after the operation has a time within it.
 */
function isOfOperation(
  { createdAt, isOfCommand }: LaunchTemplateVersion,
  events: { at: Date }[],
): boolean {
  const [first, last] = [events[0], events.at(-1)];
  if (!first || !last || isOfCommand) return false;
  const startedAt = Math.floor(Number(first.at) / 1000) * 1000;
  return Number(createdAt) >= startedAt && createdAt <= last.at;
}

/**
 * Sets the Auto Scaling group back to the settings of the stack if a rolled-back change has left others. The instances
 * that run are not replaced. Idempotent.
 */
export async function resetRolledBackVersion(cloud: CloudContext, stack: Stack): Promise<void> {
  const found = await findRolledBackVersion(cloud, stack);
  if (!found) return;
  const { group, target, newest } = found;
  const { autoScaling, ec2 } = cloud.clients;
  cloud.signal.throwIfAborted();
  // The next change of the stack sets the newest version, so this one must have the settings of the stack.
  const version = hasContent(newest, target.content)
    ? newest.number
    : await createTemplateVersion(ec2, group.templateId, target, target.content.ImageId);
  await setTemplateVersion(autoScaling, group, version);
  cloud.print(
    `The rollback left the Auto Scaling group ${group.name} on version ${group.version} of its launch template, which ` +
      `has the settings of the failed change. It now launches instances from version ${version}, with the settings of ` +
      `version ${target.number}.`,
  );
}

/** Prints what `resetRolledBackVersion` would do, and changes nothing. */
export async function printPlannedReset(cloud: CloudContext, stack: Stack): Promise<void> {
  const found = await findRolledBackVersion(cloud, stack);
  if (!found) return;
  const { group, target } = found;
  cloud.print(
    `This would also set the Auto Scaling group ${group.name} back to the settings of version ${target.number} of its ` +
      `launch template, since a rolled-back change has left it on version ${group.version}.`,
  );
}

/**
 * Changes the stack as `changeStack` does. If AWS rolls the change back, sets the Auto Scaling group back, too.
 * @throws OperatorError as `changeStack`; if the group cannot be set back, the message contains both reasons
 */
export async function changeStackWithReset(
  cloud: CloudContext,
  stack: Stack | null,
  update: StackUpdate,
): Promise<Stack | null> {
  try {
    return await changeStack(cloud, stack, update);
  } catch (error) {
    if (!stack || cloud.signal.aborted) throw error;
    try {
      // Any other failure leaves the stack in its previous status, with an earlier rollback that was reset before.
      const changed = await findStackById(cloud, stack.id);
      if (changed) await resetRolledBackVersion(cloud, changed);
    } catch (problem) {
      throw addSentence(error, errorMessage(problem));
    }
    throw error;
  }
}

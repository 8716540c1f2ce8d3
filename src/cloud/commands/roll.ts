import type { CloudContext } from '../context.ts';
import { findNewestImage, noImageError, type MiniTwitImage } from '../images.ts';
import {
  planReplacement,
  replaceInstances,
  type ReplacementPlan,
} from '../instances/replace-instances.ts';
import { changeStack } from '../stack/change-stack.ts';
import { assertImageCompatible } from '../stack/image-compatibility.ts';
import { readOutputs } from '../stack/outputs.ts';
import { toChangedParameters } from '../stack/parameters.ts';
import { requireStableStack } from '../stack/wait-until-stable.ts';
import { requireStack } from '../stack/stack.ts';

/**
 * Replaces the instances by instances of the newest image, one at a time, and stores the image in the stack's
 * parameters. If the command is interrupted, AWS continues, and the next `roll` waits for it.
 * @throws OperatorError when there is no compatible image, or when AWS rolls the instances back
 */
export async function roll(cloud: CloudContext, { dryRun }: { dryRun: boolean }): Promise<void> {
  const stack = dryRun ? await requireStack(cloud) : await requireStableStack(cloud);
  const image = await findNewestImage(cloud.clients.ec2);
  if (!image) throw noImageError();
  const plan = await planReplacement(cloud, readOutputs(stack).instances, image.id);
  const { InstanceType } = plan.current.content;
  await assertImageCompatible(cloud.clients.ec2, { ImageId: image.id, InstanceType });

  const isStored = stack.parameters.ImageId === image.id;
  cloud.print(`The newest image is ${image.id} (${image.version}, ${image.commit.slice(0, 7)}).`);
  cloud.print(formatPlan(plan, image));
  if (!isStored) cloud.print(`The stack's parameter ImageId is ${stack.parameters.ImageId}.`);
  if (dryRun) return cloud.print('Nothing was changed.');

  await replaceInstances(cloud, { imageId: image.id });
  if (isStored) return;
  cloud.log("Storing the image in the stack's parameters, which replaces no instance …");
  const parameters = toChangedParameters(stack, { ImageId: image.id });
  await changeStack(cloud, stack, { template: null, parameters, dryRun });
}

function formatPlan(
  { group, outdated, target, current }: ReplacementPlan,
  image: MiniTwitImage,
): string {
  const count = group.members.length;
  if (outdated.length === 0) return `All ${count} instances run this image.`;
  const ids = outdated.map(({ id }) => id).join(', ');
  const isOfImage = target === current && current.content.ImageId === image.id;
  const state = isOfImage ? 'have outdated settings' : 'do not run this image';
  return `Of ${count} instances, ${outdated.length} ${state}: ${ids}.`;
}

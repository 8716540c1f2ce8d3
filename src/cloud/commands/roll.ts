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
 * Replaces the instances by those of the newest image, one at a time, and has the stack remember that image. AWS does
 * it by itself: when this is broken off, it goes on, and the next `roll` watches it.
 * @throws OperatorError when there is no image that fits, or when AWS went back to what ran before
 */
export async function roll(cloud: CloudContext, { dryRun }: { dryRun: boolean }): Promise<void> {
  const stack = dryRun ? await requireStack(cloud) : await requireStableStack(cloud);
  const image = await findNewestImage(cloud.clients.ec2);
  if (!image) throw noImageError();
  const plan = await planReplacement(cloud, readOutputs(stack).instances, image.id);
  const { InstanceType } = plan.current.content;
  await assertImageCompatible(cloud.clients.ec2, { ImageId: image.id, InstanceType });

  const isRemembered = stack.parameters.ImageId === image.id;
  cloud.print(`The newest image is ${image.id} (${image.version}, ${image.commit.slice(0, 7)}).`);
  cloud.print(sayPlan(plan, image));
  if (!isRemembered) cloud.print(`The stack remembers ${stack.parameters.ImageId}.`);
  if (dryRun) return cloud.print('Nothing was changed.');

  await replaceInstances(cloud, { imageId: image.id });
  if (isRemembered) return;
  cloud.log('Having the stack remember the image, by which no instance is replaced …');
  const parameters = toChangedParameters(stack, { ImageId: image.id });
  await changeStack(cloud, stack, { template: null, parameters, dryRun });
}

function sayPlan(
  { group, outdated, target, current }: ReplacementPlan,
  image: MiniTwitImage,
): string {
  const count = group.members.length;
  if (outdated.length === 0) return `All ${count} instances run it already.`;
  const ids = outdated.map(({ id }) => id).join(', ');
  const isOfImage = target === current && current.content.ImageId === image.id;
  const what = isOfImage ? 'are not yet as the stack says' : 'do not run it';
  return `Of ${count} instances, ${outdated.length} ${what}: ${ids}.`;
}

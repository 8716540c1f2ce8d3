import type { CloudContext } from '../context.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { assertCanMigrate, hasNewMigrations } from '../database/image-migrations.ts';
import { withMasterAccess } from '../database/master-access.ts';
import { formatCommand } from '../format-command.ts';
import { findNewestImage, noImageError, requireImage, type MiniTwitImage } from '../images.ts';
import { findPreviousImageId } from '../instances/previous-image.ts';
import {
  planReplacement,
  replaceInstances,
  type ReplacementPlan,
  waitForActiveRefresh,
} from '../instances/replace-instances.ts';
import {
  changeStackWithReset,
  printPlannedReset,
  resetRolledBackVersion,
} from '../instances/rolled-back-version.ts';
import { assertImageCompatible } from '../stack/image-compatibility.ts';
import { readOutputs } from '../stack/outputs.ts';
import { toChangedParameters } from '../stack/parameters.ts';
import { requireStableStack } from '../stack/wait-until-stable.ts';
import { requireStack, type Stack } from '../stack/stack.ts';

/** Which image the instances get. By default, it is the newest one. */
export interface RollOptions {
  /** The id of an image. */
  imageId?: string | undefined;
  /** Whether to return to the image before the current one. */
  isBack?: boolean | undefined;
  dryRun: boolean;
}

/**
 * Replaces the instances by instances of another image, one at a time, and stores the image in the stack's parameters,
 * so that no later change of the stack returns to the old image. If the image has new migrations, its first instance
 * applies them before it serves. If the command is interrupted, AWS continues, and the next `roll` with the same options
 * waits for it.
 * @throws OperatorError when there is no compatible image, or when AWS rolls the instances back
 */
export async function roll(cloud: CloudContext, options: RollOptions): Promise<void> {
  const { dryRun } = options;
  const stack = dryRun ? await requireStack(cloud) : await requireStableStack(cloud);
  if (dryRun) await printPlannedReset(cloud, stack);
  else {
    await waitForActiveRefresh(cloud, readOutputs(stack));
    await resetRolledBackVersion(cloud, stack);
  }
  const { image, name } = await chooseImage(cloud, stack, options);
  const plan = await planReplacement(cloud, readOutputs(stack).instances, image.id);
  const InstanceTypes = plan.types.join(',');
  await assertImageCompatible(cloud.clients.ec2, { ImageId: image.id, InstanceTypes });
  const migrates = await hasNewMigrations(cloud.clients.ec2, image, plan);
  if (migrates) assertCanMigrate(cloud, plan.current);

  const isStored = stack.parameters.ImageId === image.id;
  cloud.print(`The ${name} image is ${image.id} (${image.version}, ${image.commit.slice(0, 7)}).`);
  cloud.print(formatPlan(plan, image));
  if (!isStored) cloud.print(`The stack's parameter ImageId is ${stack.parameters.ImageId}.`);
  if (migrates) cloud.print(formatMigration(image));
  else if (stack.parameters.SetUp === 'yes') cloud.print(formatMasterAccess(cloud));
  if (dryRun) return cloud.print('Nothing was changed.');

  const replace = () => replaceInstances(cloud, { imageId: image.id });
  await (migrates ? withMasterAccess(cloud, replace) : replace());
  if (isStored) return;
  cloud.log("Storing the image in the stack's parameters, which replaces no instance …");
  const parameters = toChangedParameters(stack, { ImageId: image.id });
  await changeStackWithReset(cloud, stack, { template: null, parameters, dryRun });
}

async function chooseImage(
  cloud: CloudContext,
  stack: Stack,
  { imageId, isBack }: RollOptions,
): Promise<{ image: MiniTwitImage; name: string }> {
  const { ec2 } = cloud.clients;
  if (imageId) return { image: await requireImage(ec2, imageId), name: 'chosen' };
  if (isBack) return { image: await requirePreviousImage(cloud, stack), name: 'previous' };
  const image = await findNewestImage(ec2);
  if (!image) throw noImageError();
  return { image, name: 'newest' };
}

async function requirePreviousImage(cloud: CloudContext, stack: Stack): Promise<MiniTwitImage> {
  const { ImageId = '' } = stack.parameters;
  const id = await findPreviousImageId(cloud.clients, readOutputs(stack).instances, ImageId);
  if (id) return requireImage(cloud.clients.ec2, id);
  throw new OperatorError(
    `There is no previous image: the instances have run only ${ImageId}. To choose an image, run ` +
      `${formatCommand(cloud, 'roll --image ID')}. To list the images, run ${formatCommand(cloud, 'status')}.`,
  );
}

function formatMigration({ schemaVersion }: MiniTwitImage): string {
  return (
    `The first new instance migrates the database to version ${schemaVersion} of the tables, while the old instances ` +
    'serve. Meanwhile, the instances may read the master password.'
  );
}

/** An initialization that has not ended has the same parameter, so this command cannot remove the permission. */
function formatMasterAccess(cloud: CloudContext): string {
  return (
    'The instances may read the master password, because an earlier command was interrupted. To complete it and to ' +
    `remove the permission, run ${formatCommand(cloud, 'up')}.`
  );
}

function formatPlan(
  { group, outdated, target, current }: ReplacementPlan,
  image: MiniTwitImage,
): string {
  if (outdated.length === 0) return 'Every instance runs this image.';
  const ids = outdated.map(({ id }) => id).join(', ');
  const isOfImage = target === current && current.content.ImageId === image.id;
  const about = isOfImage ? 'with outdated settings' : 'that do not run this image';
  return `Instances ${about}: ${outdated.length} of ${group.members.length} (${ids}).`;
}

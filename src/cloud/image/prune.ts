import { type EC2Client, paginateDescribeLaunchTemplateVersions } from '@aws-sdk/client-ec2';
import { z } from 'zod';
import { listInstances } from '../../aws/ec2/instances.ts';
import { deregisterImage } from '../../aws/ec2/create-image.ts';
import { listItems } from '../../aws/pages.ts';
import type { Clients, CloudContext } from '../context.ts';
import { listMiniTwitImages, type MiniTwitImage } from '../images.ts';
import { findPreviousImageId } from '../instances/previous-image.ts';
import { listStacks } from '../stack/stack.ts';

const RETAINED_IMAGES = 5;

/** An image that is older than the retained ones. */
export interface OldImage {
  image: MiniTwitImage;
  /** The instance, launch template or stack that uses the image; null when the image can be removed. */
  user: string | null;
}

/**
 * Lists the images of MiniTwit except the newest five, newest first.
 * @param created how many newer images are about to be created
 */
export async function listOldImages(clients: Clients, created = 0): Promise<OldImage[]> {
  const { ec2 } = clients;
  const old = (await listMiniTwitImages(ec2)).slice(RETAINED_IMAGES - created);
  const stacks = await findStackUsers(clients);
  const describe = async (image: MiniTwitImage) => ({
    image,
    user: stacks.get(image.id) ?? (await findImageUser(ec2, image.id)),
  });
  return Promise.all(old.map(describe));
}

/** Removes the old images that are not used, and logs what happens to each old image. */
export async function removeOldImages({ clients, log }: CloudContext): Promise<void> {
  for (const old of await listOldImages(clients)) {
    log(formatOldImage(old));
    if (old.user === null) await deregisterImage(clients.ec2, old.image.id);
  }
}

/** Formats what happens to an old image: `Removing the old image ami-1, MiniTwit 1.2.0, created 2026-11-23.` */
export function formatOldImage({ image, user }: OldImage): string {
  const name = `${image.id}, MiniTwit ${image.version}, created ${image.createdAt.slice(0, 10)}`;
  return user === null
    ? `Removing the old image ${name}.`
    : `Retaining the old image ${name}, which ${user} uses.`;
}

const versionSchema = z.object({
  LaunchTemplateId: z.string(),
  LaunchTemplateData: z.object({ ImageId: z.string().optional() }).default({}),
});

/** Returns the instance or launch template that uses an image, or null. */
async function findImageUser(ec2: EC2Client, imageId: string): Promise<string | null> {
  const filters = [{ Name: 'image-id', Values: [imageId] }];
  const instances = await listInstances(ec2, filters);
  const instance = instances.find(({ state }) => state !== 'terminated');
  if (instance) return instance.id;
  // Only the latest version of a launch template is used.
  const versions = await listItems(
    'Cannot list the launch templates',
    paginateDescribeLaunchTemplateVersions(
      { client: ec2 },
      { Versions: ['$Latest'], Filters: filters },
    ),
    ({ LaunchTemplateVersions }) => LaunchTemplateVersions,
    versionSchema,
  );
  const version = versions.find((it) => it.LaunchTemplateData.ImageId === imageId);
  return version?.LaunchTemplateId ?? null;
}

/**
 * Returns the stacks of MiniTwit by the ids of the images that they use: the image in the parameters and the image of
 * `roll --back`. After an interrupted or rolled-back `roll`, perhaps no instance runs the former, but the next stack
 * change would use it.
 */
async function findStackUsers(clients: Clients): Promise<Map<string, string>> {
  const users = await Promise.all(
    (await listStacks(clients)).map(async ({ name, status, parameters, outputs }) => {
      const { ImageId = '' } = parameters;
      const { Instances } = outputs;
      const hasGroup = Instances && !status.startsWith('DELETE');
      const previous = hasGroup ? await findPreviousImageId(clients, Instances, ImageId) : null;
      return [ImageId, previous ?? ''].map((id) => [id, `the stack ${name}`] as const);
    }),
  );
  return new Map(users.flat());
}

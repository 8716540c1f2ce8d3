import { type EC2Client, paginateDescribeLaunchTemplateVersions } from '@aws-sdk/client-ec2';
import { z } from 'zod';
import { listInstances } from '../../aws/ec2/instances.ts';
import { deregisterImage } from '../../aws/ec2/create-image.ts';
import { listItems } from '../../aws/pages.ts';
import type { Clients, CloudContext } from '../context.ts';
import { listOwnImages, type OwnImage } from '../images.ts';
import { listStacks } from '../stack/stack.ts';

const RETAINED_IMAGES = 5;

/** An image that is older than those that are kept. */
export interface OldImage {
  image: OwnImage;
  /** The instance, launch template or stack that uses it, for people; null when none does, and it can go. */
  user: string | null;
}

/**
 * The images of MiniTwit but for the newest five, the newest first.
 * @param made how many newer ones are about to be made
 */
export async function listOldImages(clients: Clients, made = 0): Promise<OldImage[]> {
  const { ec2 } = clients;
  const old = (await listOwnImages(ec2)).slice(RETAINED_IMAGES - made);
  const stacks = await findStackUsers(clients);
  const describe = async (image: OwnImage) => ({
    image,
    user: stacks.get(image.id) ?? (await findImageUser(ec2, image.id)),
  });
  return Promise.all(old.map(describe));
}

/** Removes them, unless something uses them; it tells of each. */
export async function removeOldImages({ clients, log }: CloudContext): Promise<void> {
  for (const old of await listOldImages(clients)) {
    log(`${formatOldImage(old)}.`);
    if (old.user === null) await deregisterImage(clients.ec2, old.image.id);
  }
}

/** Says what becomes of one: `Removing the image ami-1, minitwit 1.2.0 of …`. */
export function formatOldImage({ image, user }: OldImage): string {
  const name = `${image.id}, MiniTwit ${image.version}, made ${image.createdAt.slice(0, 10)}`;
  return user === null ? `Removing the old image ${name}` : `Keeping ${name}: ${user} uses it`;
}

const versionSchema = z.object({
  LaunchTemplateId: z.string(),
  LaunchTemplateData: z.object({ ImageId: z.string().optional() }).default({}),
});

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
 * The stacks of MiniTwit, by the images that they remember: after `roll` was broken off or AWS went back, nothing else
 * may use them, and yet the stack's next change starts from them.
 */
async function findStackUsers(clients: Clients): Promise<Map<string, string>> {
  const stacks = await listStacks(clients);
  return new Map(
    stacks.map(({ name, parameters }) => [parameters.ImageId ?? '', `the stack ${name}`]),
  );
}

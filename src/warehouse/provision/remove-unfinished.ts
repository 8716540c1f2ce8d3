import { listImages } from '../../aws/ec2/images.ts';
import { deregisterImage } from '../../aws/ec2/create-image.ts';
import { tagFilter } from '../../aws/ec2/tags.ts';
import type { Tags } from '../../aws/tags.ts';
import { listVolumes } from '../../aws/ec2/volumes.ts';
import { deleteWhenFree } from '../ec2/wait-for-volume.ts';
import { pollOptions } from '../../aws/poll-options.ts';
import type { WarehouseContext } from '../context.ts';
import { WAREHOUSE_TAG } from '../../aws/tags.ts';
import { UNFINISHED } from '../tags.ts';

const FREE_TIMEOUT_MS = 5 * 60_000;

/**
 * Removes the unfinished images and volumes of a `provision` or `restore` that was killed.
 * @param isSelected returns by the tags of a resource whether to remove it
 * @returns the number of removed resources
 */
export async function removeUnfinished(
  context: WarehouseContext,
  isSelected: (it: { tags: Tags }) => boolean,
): Promise<number> {
  const { ec2, print } = context;
  const unfinished = [tagFilter(WAREHOUSE_TAG, UNFINISHED)];
  const images = (await listImages(ec2, 'self', unfinished)).filter(isSelected);
  for (const { id } of images) {
    print(`Removing the unfinished image ${id} …`);
    await deregisterImage(ec2, id);
  }
  const volumes = (await listVolumes(ec2, unfinished)).filter(isSelected);
  for (const { id } of volumes) {
    print(`Deleting the unfinished volume ${id} …`);
    await deleteWhenFree(ec2, id, pollOptions(context, FREE_TIMEOUT_MS));
  }
  return images.length + volumes.length;
}

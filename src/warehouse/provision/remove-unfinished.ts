import { listImages } from '../../aws/ec2/images.ts';
import { deregisterImage } from '../../aws/ec2/create-image.ts';
import { tagFilter, type Tags } from '../../aws/ec2/tags.ts';
import { listVolumes } from '../../aws/ec2/volumes.ts';
import { deleteWhenFree } from '../../aws/ec2/wait-for-volume.ts';
import { pollOptions } from '../../aws/poll-options.ts';
import type { WarehouseContext } from '../context.ts';
import { UNFINISHED, WAREHOUSE_TAG } from '../tags.ts';

const FREE_MAX_MS = 5 * 60_000;

/**
 * Removes the images and volumes that a `provision` or a `restore` was killed before it had finished them.
 * @param isMeant tells by its tags whether one is to go
 * @returns how many there were
 */
export async function removeUnfinished(
  context: WarehouseContext,
  isMeant: (it: { tags: Tags }) => boolean,
): Promise<number> {
  const { ec2, print } = context;
  const unfinished = [tagFilter(WAREHOUSE_TAG, UNFINISHED)];
  const images = (await listImages(ec2, 'self', unfinished)).filter(isMeant);
  for (const { id } of images) {
    print(`Removing the image ${id}, which was not finished …`);
    await deregisterImage(ec2, id);
  }
  const volumes = (await listVolumes(ec2, unfinished)).filter(isMeant);
  for (const { id } of volumes) {
    print(`Deleting the volume ${id}, which was not finished …`);
    await deleteWhenFree(ec2, id, pollOptions(context, FREE_MAX_MS));
  }
  return images.length + volumes.length;
}

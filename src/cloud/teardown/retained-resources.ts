import { deleteSnapshot, deleteVolume } from '../../aws/ec2/removal.ts';
import { listImages } from '../../aws/ec2/images.ts';
import { deregisterImage } from '../../aws/ec2/create-image.ts';
import { listSnapshots } from '../../aws/ec2/snapshots.ts';
import { tagFilter, type Tags, WAREHOUSE_TAG } from '../../aws/ec2/tags.ts';
import { listVolumes, type Volume } from '../../aws/ec2/volumes.ts';
import { formatTime } from '../../cli/times.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import { BUILDER, IMAGE_TAG } from '../images.ts';
import { PRICES } from '../costs/prices.ts';
import { STACK_TAG } from '../stack/stack.ts';
import { measureBucket, removeBucket } from '../../aws/s3/buckets.ts';
import { listStackBuckets } from './stack-buckets.ts';
import { listRetainedDatabaseSnapshots } from './database-snapshots.ts';
import { listOtherStacks } from './other-stacks.ts';
import type { RetainedResource } from './retained-resource.ts';

const GB = 1024 ** 3;

/**
 * What outlives the stack, in the order in which it can be removed. What belongs to no stack (images, a warehouse that
 * was provisioned apart) is ours only when there is no other stack that may need it.
 */
export async function listRetainedResources(cloud: CloudContext): Promise<RetainedResource[]> {
  const isLast = (await listOtherStacks(cloud)).length === 0;
  const volumes = (await listVolumes(cloud.clients.ec2, [tagFilter(WAREHOUSE_TAG)])).filter(
    ({ tags }) => isOurs(tags, cloud.stackName, isLast),
  );
  const [ofDatabases, images, snapshots, buckets] = await Promise.all([
    listRetainedDatabaseSnapshots(cloud),
    listImageRemains(cloud, isLast),
    listSnapshotRemains(cloud, volumes, isLast),
    listBucketRemains(cloud),
  ]);
  const ofVolumes = volumes.map((volume) => remainOfVolume(cloud, volume));
  return [...ofDatabases, ...images, ...ofVolumes, ...snapshots, ...buckets];
}

function isOurs(tags: Tags, stackName: string, isLast: boolean): boolean {
  const owner = tags[STACK_TAG];
  return owner === undefined ? isLast : owner === stackName;
}

/** What goes with the last stack without being of it is to be seen before. */
function sayOwner({ stackName }: CloudContext, tags: Tags): string {
  return tags[STACK_TAG] === stackName ? '' : ', not of this stack';
}

/** Images of MiniTwit, and of its warehouse's server. */
async function listImageRemains(cloud: CloudContext, isLast: boolean): Promise<RetainedResource[]> {
  if (!isLast) return [];
  const { ec2 } = cloud.clients;
  const images = await Promise.all(
    [IMAGE_TAG, WAREHOUSE_TAG].map((tag) => listImages(ec2, 'self', [tagFilter(tag)])),
  );
  return images
    .flat()
    .filter(({ tags }) => tags[IMAGE_TAG] !== BUILDER)
    .map(({ id, name, tags, root }) => ({
      id,
      about: `image ${name}${sayContent(tags)}${sayOwner(cloud, tags)}`,
      monthly: root.sizeGib === null ? null : root.sizeGib * PRICES.snapshotGbMonth,
      remove: () => deregisterImage(ec2, id),
    }));
}

function sayContent(tags: Tags): string {
  return tags[IMAGE_TAG] ? `, ${tags[IMAGE_TAG]}` : ' of the warehouse';
}

function remainOfVolume(cloud: CloudContext, it: Volume): RetainedResource {
  return {
    id: it.id,
    about: `volume of the warehouse in ${it.zone}, ${it.sizeGib} GiB, ${it.state}${sayOwner(cloud, it.tags)}`,
    monthly: it.sizeGib * PRICES.volumeGbMonth,
    remove: async () => {
      if (await deleteVolume(cloud.clients.ec2, it.id)) return;
      const holder = it.attachedTo ?? 'an instance';
      throw new OperatorError(`The volume ${it.id} is in use: ${holder} has it.`);
    },
  };
}

/** Snapshots of the warehouse's volumes, and those that an image has left behind. */
async function listSnapshotRemains(
  cloud: CloudContext,
  volumes: Volume[],
  isLast: boolean,
): Promise<RetainedResource[]> {
  const { ec2 } = cloud.clients;
  const findVolume = (tags: Tags) => volumes.find(({ id }) => id === tags[WAREHOUSE_TAG]);
  const [images, ...tagged] = await Promise.all([
    listImages(ec2, 'self', []),
    listSnapshots(ec2, [tagFilter(WAREHOUSE_TAG)]),
    listSnapshots(ec2, [tagFilter(IMAGE_TAG)]),
  ]);
  // those go with their images
  const inUse = new Set(images.flatMap(({ snapshotIds }) => snapshotIds));
  return (
    tagged
      .flat()
      .filter(({ id, tags }) => (isLast || findVolume(tags)) && !inUse.has(id))
      // one that is in the making, or goes with what is left of that
      .filter(({ tags }) => tags[IMAGE_TAG] !== BUILDER)
      .map(({ id, volumeId, startedAt, sizeGib, tags }) => ({
        id,
        about: `snapshot of ${volumeId}, ${formatTime(startedAt)}, of ${sizeGib} GiB${sayOwner(cloud, findVolume(tags)?.tags ?? tags)}`,
        monthly: sizeGib * PRICES.snapshotGbMonth,
        remove: async () => {
          if (!(await deleteSnapshot(ec2, id))) throw new OperatorError(`${id} is in use.`);
        },
      }))
  );
}

async function listBucketRemains({
  clients: { s3 },
  stackName,
}: CloudContext): Promise<RetainedResource[]> {
  const names = await listStackBuckets(s3, stackName);
  return Promise.all(
    names.map(async (id): Promise<RetainedResource> => {
      const bytes = await measureBucket(s3, id);
      return {
        id,
        about: `bucket of the warehouse, ${(bytes / GB).toFixed(1)} GiB`,
        monthly: (bytes / GB) * PRICES.bucketGbMonth,
        remove: () => removeBucket(s3, id),
      };
    }),
  );
}

import { deleteSnapshot, deleteVolume } from '../../aws/ec2/removal.ts';
import { listImages } from '../../aws/ec2/images.ts';
import { deregisterImage } from '../../aws/ec2/create-image.ts';
import { listSnapshots } from '../../aws/ec2/snapshots.ts';
import { tagFilter } from '../../aws/ec2/tags.ts';
import { type Tags, WAREHOUSE_TAG } from '../../aws/tags.ts';
import { listVolumes, type Volume } from '../../aws/ec2/volumes.ts';
import { formatTime } from '../../cli/times.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import { BUILDER, IMAGE_TAG } from '../images.ts';
import { PRICES } from '../costs/prices.ts';
import { STACK_TAG } from '../stack/stack.ts';
import { measureBucket, deleteBucket } from '../../aws/s3/buckets.ts';
import { listStackBuckets } from './stack-buckets.ts';
import { listRetainedAutomatedBackups } from './automated-backups.ts';
import { listRetainedDatabaseSnapshots } from './database-snapshots.ts';
import { listOtherStacks } from './other-stacks.ts';
import type { RetainedResource } from './retained-resource.ts';

const GIB = 1024 ** 3;

/**
 * Lists the resources that CloudFormation retains when it deletes the stack, in the order in which they can be removed
 * by their `remove`. Resources that belong to no stack (images, a warehouse that was provisioned without a stack) are
 * included if no other stack of MiniTwit is in this region.
 */
export async function listRetainedResources(cloud: CloudContext): Promise<RetainedResource[]> {
  const isLast = (await listOtherStacks(cloud)).length === 0;
  const volumes = (await listVolumes(cloud.clients.ec2, [tagFilter(WAREHOUSE_TAG)])).filter(
    ({ tags }) => isRetainedBy(tags, cloud.stackName, isLast),
  );
  const [ofDatabases, backups, images, snapshots, buckets] = await Promise.all([
    listRetainedDatabaseSnapshots(cloud),
    listRetainedAutomatedBackups(cloud),
    listRetainedImages(cloud, isLast),
    listRetainedSnapshots(cloud, volumes, isLast),
    listRetainedBuckets(cloud),
  ]);
  const ofVolumes = volumes.map((volume) => toRetainedResource(cloud, volume));
  return [...ofDatabases, ...backups, ...images, ...ofVolumes, ...snapshots, ...buckets];
}

function isRetainedBy(tags: Tags, stackName: string, isLast: boolean): boolean {
  const owner = tags[STACK_TAG];
  return owner === undefined ? isLast : owner === stackName;
}

/**
 * Returns a note on a resource that is included although it does not belong to the stack, otherwise an empty string.
 */
function formatOwner({ stackName }: CloudContext, tags: Tags): string {
  return tags[STACK_TAG] === stackName ? '' : ', of no stack';
}

/** Lists the images of MiniTwit and of the warehouse's server. */
async function listRetainedImages(
  cloud: CloudContext,
  isLast: boolean,
): Promise<RetainedResource[]> {
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
      about: `image ${name}${formatContent(tags)}${formatOwner(cloud, tags)}`,
      monthly: root.sizeGib === null ? null : root.sizeGib * PRICES.snapshotGbMonth,
      remove: () => deregisterImage(ec2, id),
    }));
}

function formatContent(tags: Tags): string {
  return tags[IMAGE_TAG] ? `, ${tags[IMAGE_TAG]}` : ' of the warehouse';
}

function toRetainedResource(cloud: CloudContext, it: Volume): RetainedResource {
  return {
    id: it.id,
    about: `volume of the warehouse in ${it.zone}, ${it.sizeGib} GiB, ${it.state}${formatOwner(cloud, it.tags)}`,
    monthly: it.sizeGib * PRICES.volumeGbMonth,
    remove: async () => {
      if (await deleteVolume(cloud.clients.ec2, it.id)) return;
      const holder = it.attachedTo ?? 'an instance';
      throw new OperatorError(`The volume ${it.id} is attached to ${holder}.`);
    },
  };
}

/** Lists the snapshots of the warehouse's volumes, and the snapshots whose image is deregistered. */
async function listRetainedSnapshots(
  cloud: CloudContext,
  volumes: Volume[],
  isLast: boolean,
): Promise<RetainedResource[]> {
  const { ec2 } = cloud.clients;
  // The tag of a snapshot has the id of the warehouse's volume.
  const findVolume = (tags: Tags) => volumes.find(({ id }) => id === tags[WAREHOUSE_TAG]);
  const [images, ...tagged] = await Promise.all([
    listImages(ec2, 'self', []),
    listSnapshots(ec2, [tagFilter(WAREHOUSE_TAG)]),
    listSnapshots(ec2, [tagFilter(IMAGE_TAG)]),
  ]);
  // The snapshots of existing images are not listed, because they are deleted with the image.
  const inUse = new Set(images.flatMap(({ snapshotIds }) => snapshotIds));
  return (
    tagged
      .flat()
      .filter(({ id, tags }) => (isLast || findVolume(tags)) && !inUse.has(id))
      // Temporary snapshots of an image that is being created are removed with the other orphans of that build.
      .filter(({ tags }) => tags[IMAGE_TAG] !== BUILDER)
      .map(({ id, volumeId, startedAt, sizeGib, tags }) => ({
        id,
        about: `snapshot of ${volumeId} (${sizeGib} GiB), ${formatTime(startedAt)}${formatOwner(cloud, findVolume(tags)?.tags ?? tags)}`,
        monthly: sizeGib * PRICES.snapshotGbMonth,
        remove: async () => {
          if (!(await deleteSnapshot(ec2, id)))
            throw new OperatorError(
              `The snapshot ${id} is in use by an image. Deregister the image first.`,
            );
        },
      }))
  );
}

async function listRetainedBuckets({
  clients: { s3 },
  stackName,
}: CloudContext): Promise<RetainedResource[]> {
  const buckets = await listStackBuckets(s3, stackName);
  return Promise.all(
    buckets.map(async ({ name: id, about }): Promise<RetainedResource> => {
      const bytes = await measureBucket(s3, id);
      return {
        id,
        about: `${about}, ${(bytes / GIB).toFixed(1)} GiB`,
        monthly: (bytes / GIB) * PRICES.bucketGbMonth,
        remove: () => deleteBucket(s3, id),
      };
    }),
  );
}

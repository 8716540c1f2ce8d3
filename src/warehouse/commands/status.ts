import type { EC2Client } from '@aws-sdk/client-ec2';
import { type Image, listImages } from '../../aws/ec2/images.ts';
import { type Instance, listInstances } from '../../aws/ec2/instances.ts';
import { listSnapshots, type Snapshot } from '../../aws/ec2/snapshots.ts';
import { findSpotPrice } from '../ec2/spot.ts';
import { tagFilter } from '../../aws/ec2/tags.ts';
import { findVolume, listVolumes, type Volume } from '../../aws/ec2/volumes.ts';
import { formatAge, formatTime } from '../../cli/times.ts';
import {
  ADDRESS_HOUR,
  instancePrice,
  PRICED_IN,
  PRICED_REGION,
  SNAPSHOT_GB_MONTH,
  volumePrice,
} from '../../aws/prices.ts';
import { WAREHOUSE_TAG } from '../../aws/tags.ts';
import { RUNNING_UNTIL_TAG } from '../tags.ts';

/** A line about a resource, and its price. */
interface Item {
  text: string;
  /** In dollars an hour; null when unknown. */
  price: number | null;
  /** Whether the price is AWS's own for this region. */
  isExact?: boolean;
}

/**
 * Prints the resources of warehouses in this region, their age, and their cost.
 * @param volumeId the volume of the settings, which may have no tag; null without that setting
 */
export async function status(
  ec2: EC2Client,
  volumeId: string | null,
  print: (line: string) => void,
): Promise<void> {
  const [instances, volumes, snapshots, images] = await Promise.all([
    listInstances(ec2, [tagFilter(WAREHOUSE_TAG)]),
    findVolumes(ec2, volumeId),
    listSnapshots(ec2, [tagFilter(WAREHOUSE_TAG)]),
    listImages(ec2, 'self', [tagFilter(WAREHOUSE_TAG)]),
  ]);
  const region = await ec2.config.region();
  const alive = instances.filter(({ state }) => state !== 'terminated');
  const items = [
    ...(await Promise.all(alive.map((it) => toInstanceItem(ec2, it)))),
    ...volumes.map(toVolumeItem),
  ];
  for (const item of items) print(`${item.text}: ${formatPrice(item, region)}`);
  if (items.length > 0) print(formatTotal(items, region));
  for (const image of images) print(formatImage(image));
  for (const snapshot of snapshots) print(formatSnapshot(snapshot));
  if (snapshots.length + images.length > 0) print(SNAPSHOTS_COST);
  if (items.length + snapshots.length + images.length === 0)
    print(`There are no resources of a warehouse in ${region}.`);
}

async function findVolumes(ec2: EC2Client, volumeId: string | null): Promise<Volume[]> {
  const tagged = await listVolumes(ec2, [tagFilter(WAREHOUSE_TAG)]);
  if (!volumeId || tagged.some(({ id }) => id === volumeId)) return tagged;
  const volume = await findVolume(ec2, volumeId);
  return volume ? [volume, ...tagged] : tagged;
}

async function toInstanceItem(ec2: EC2Client, it: Instance): Promise<Item> {
  const market = it.spotRequestId ? ' spot' : '';
  const leftRunning = it.tags[RUNNING_UNTIL_TAG] ? ', left running by --keep' : '';
  const text = `${it.id}, a ${it.type}${market}, ${it.state} for ${formatAge(it.launchedAt)}, of the run ${it.runId}${leftRunning}`;
  // A stopped instance costs nothing but its volume.
  if (!['pending', 'running'].includes(it.state)) return { text, price: 0, isExact: true };
  const isExact = it.spotRequestId !== null;
  const price = isExact ? await findSpotPrice(ec2, it.type, it.zone) : instancePrice(it.type);
  const address = it.isPublic ? ADDRESS_HOUR : 0;
  return { text, price: price === null ? null : price + address, isExact };
}

function toVolumeItem(it: Volume): Item {
  const where = it.attachedTo ? `${it.attachment} to ${it.attachedTo}` : it.state;
  const text = `${it.id}, ${it.sizeGib} GiB of ${it.type} in ${it.zone}, ${where}`;
  return { text, price: volumePrice(it.type, it.sizeGib) };
}

function formatImage({ id, name, state, tags }: Image): string {
  return `${id}, the image ${name} of ${tags[WAREHOUSE_TAG]}, ${state}: costs as much as its snapshots`;
}

function formatSnapshot(it: Snapshot): string {
  const state = it.state === 'completed' ? '' : `, ${it.state} ${it.progress}`;
  return `${it.id} of ${it.volumeId}, ${formatTime(it.startedAt)}, of the run ${it.runId}${state}`;
}

const SNAPSHOTS_COST = `A snapshot stores only the changes since the previous one. A GB costs $${SNAPSHOT_GB_MONTH} a month in ${PRICED_REGION}.`;

function formatPrice({ price, isExact }: Omit<Item, 'text'>, region: string): string {
  if (price === null) return 'price unknown';
  const hourly = `$${price.toFixed(4)} an hour`;
  return isExact || region === PRICED_REGION ? hourly : `about ${hourly} (as in ${PRICED_REGION})`;
}

function formatTotal(items: Item[], region: string): string {
  const price = items.reduce((total, item) => total + (item.price ?? 0), 0);
  const unknown = items.some((item) => item.price === null) ? ', plus the unknown prices' : '';
  const isExact = items.every((item) => item.isExact);
  return `Total: ${formatPrice({ price, isExact }, region)}${unknown} (prices of ${PRICED_IN}; current spot prices)`;
}

import type { EC2Client } from '@aws-sdk/client-ec2';
import { type Instance, listInstances } from '../ec2/instances.ts';
import { listSnapshots, type Snapshot } from '../ec2/snapshots.ts';
import { findSpotPrice } from '../ec2/spot.ts';
import { tagFilter, WAREHOUSE_TAG } from '../ec2/tags.ts';
import { findVolume, listVolumes, type Volume } from '../ec2/volumes.ts';
import {
  instancePrice,
  PRICED_IN,
  PRICED_REGION,
  SNAPSHOT_GB_MONTH,
  volumePrice,
} from '../prices.ts';
import { KEPT_TAG } from '../run/lock.ts';
import { sayAge, sayTime } from '../run/times.ts';

/** Something that exists, and what it costs in dollars an hour; null where that is not known. */
interface Item {
  text: string;
  price: number | null;
}

/**
 * Says what there is of the warehouse in this region, for how long, and what it costs.
 * @param volumeId the volume of the settings, be it tagged or not; null where none is set
 */
export async function status(
  ec2: EC2Client,
  volumeId: string | null,
  print: (line: string) => void,
): Promise<void> {
  const [instances, volumes, snapshots] = await Promise.all([
    listInstances(ec2, [tagFilter(WAREHOUSE_TAG)]),
    findVolumes(ec2, volumeId),
    listSnapshots(ec2),
  ]);
  const region = await ec2.config.region();
  const alive = instances.filter(({ state }) => state !== 'terminated');
  const items = [
    ...(await Promise.all(alive.map((it) => describeInstance(ec2, region, it)))),
    ...volumes.map((it) => describeVolume(region, it)),
  ];
  for (const { text, price } of items) print(`${text}: ${sayPrice(price)}`);
  if (items.length > 0) print(sayTotal(items));
  for (const snapshot of snapshots) print(describeSnapshot(snapshot));
  if (snapshots.length > 0) print(SNAPSHOTS_COST);
  if (items.length + snapshots.length === 0)
    print(`There is nothing of the warehouse in ${region}.`);
}

async function findVolumes(ec2: EC2Client, volumeId: string | null): Promise<Volume[]> {
  const tagged = await listVolumes(ec2, [tagFilter(WAREHOUSE_TAG)]);
  if (!volumeId || tagged.some(({ id }) => id === volumeId)) return tagged;
  const volume = await findVolume(ec2, volumeId);
  return volume ? [volume, ...tagged] : tagged;
}

async function describeInstance(ec2: EC2Client, region: string, it: Instance): Promise<Item> {
  const price = it.spotRequestId
    ? await findSpotPrice(ec2, it.type, it.zone)
    : instancePrice(region, it.type);
  const market = it.spotRequestId ? ' spot' : '';
  const kept = it.tags[KEPT_TAG] ? ', kept for people to query' : '';
  const text = `${it.id}, a ${it.type}${market}, ${it.state} for ${sayAge(it.launchedAt)}, of the run ${it.runId}${kept}`;
  // one that is stopped costs no more than its volume
  return { text, price: ['pending', 'running'].includes(it.state) ? price : 0 };
}

function describeVolume(region: string, it: Volume): Item {
  const where = it.attachedTo ? `${it.attachment} to ${it.attachedTo}` : it.state;
  const text = `${it.id}, ${it.sizeGib} GiB of ${it.type} in ${it.zone}, ${where}`;
  return { text, price: volumePrice(region, it.type, it.sizeGib) };
}

function describeSnapshot(it: Snapshot): string {
  const state = it.state === 'completed' ? '' : `, ${it.state} ${it.progress}`;
  return `${it.id} of ${it.volumeId}, ${sayTime(it.startedAt)}, of the run ${it.runId}${state}`;
}

const SNAPSHOTS_COST = `Snapshots hold only what has changed since the one before; a GB of that costs $${SNAPSHOT_GB_MONTH} a month in ${PRICED_REGION}.`;

function sayPrice(price: number | null): string {
  return price === null ? 'price unknown' : `$${price.toFixed(4)} an hour`;
}

function sayTotal(items: Item[]): string {
  const sum = items.reduce((total, { price }) => total + (price ?? 0), 0);
  const unknown = items.some(({ price }) => price === null) ? ', and what is unknown' : '';
  return `Together: ${sayPrice(sum)}${unknown} (prices of ${PRICED_IN}; spot as AWS says now)`;
}

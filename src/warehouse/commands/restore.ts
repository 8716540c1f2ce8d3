import type { EC2Client, VolumeType } from '@aws-sdk/client-ec2';
import { type Seen, waitFor } from '../../aws/wait.ts';
import { OperatorError } from '../../errors.ts';
import { deleteVolume } from '../ec2/removal.ts';
import { type Snapshot, findSnapshot } from '../ec2/snapshots.ts';
import { tagSpecifications, tagsOf } from '../ec2/tags.ts';
import { createVolume, findVolume } from '../ec2/volumes.ts';

const READY_MAX_MS = 10 * 60_000;
const DELETE_MAX_MS = 2 * 60_000;

/** What `restore` works with. */
export interface RestoreParts {
  ec2: EC2Client;
  snapshotId: string;
  /** The volume that the settings name, whose place the new one takes; null when they name none. */
  volumeId: string | null;
  /** The availability zone; null for that of the old volume. */
  zone: string | null;
  print: (line: string) => void;
  signal: AbortSignal;
}

/**
 * Makes a volume of a snapshot, in the zone of the old one and of its type, and prints the setting that has the next
 * run use it. The old volume, if it is still there, is left as it is.
 * @returns the volume's id
 * @throws OperatorError when the snapshot is not there or not complete, when the zone is unknown, and when the
 *   volume does not become available, which is deleted then
 */
export async function restoreVolume(parts: RestoreParts): Promise<string> {
  const { ec2, print } = parts;
  const snapshot = await requireSnapshot(ec2, parts.snapshotId);
  const { zone, type } = await choosePlace(parts);
  const id = await createVolume(ec2, {
    SnapshotId: snapshot.id,
    AvailabilityZone: zone,
    VolumeType: type as VolumeType,
    Encrypted: true,
    TagSpecifications: tagSpecifications(tagsOf('restore', snapshot.runId ?? ''), 'volume'),
  });
  print(`Making the volume ${id} of ${snapshot.id} in ${zone} …`);
  try {
    await waitUntilReady(parts, id);
  } catch (error) {
    await removeAgain(parts, id, error);
    throw error;
  }
  const time = snapshot.startedAt.toISOString();
  print(
    `The volume ${id} holds the warehouse of ${time}. Keep this setting, and the next run uses it:`,
  );
  print(`WAREHOUSE_VOLUME_ID=${id}`);
  return id;
}

async function requireSnapshot(ec2: EC2Client, id: string): Promise<Snapshot> {
  const snapshot = await findSnapshot(ec2, id);
  if (snapshot === null) {
    throw new OperatorError(`There is no snapshot ${id} here: \`snapshots\` lists those that are.`);
  }
  if (snapshot.state !== 'completed') {
    throw new OperatorError(`The snapshot ${id} is not complete, but ${snapshot.state}.`);
  }
  return snapshot;
}

async function choosePlace({
  ec2,
  volumeId,
  zone,
}: RestoreParts): Promise<{ zone: string; type: string }> {
  const old = volumeId === null ? null : await findVolume(ec2, volumeId);
  const place = zone ?? old?.zone;
  if (place === undefined) {
    const reason =
      volumeId === null ? 'WAREHOUSE_VOLUME_ID is not set' : `${volumeId} is not there`;
    throw new OperatorError(`Say in which zone, such as --zone us-east-1a: ${reason}.`);
  }
  return { zone: place, type: old?.type ?? 'gp3' };
}

async function waitUntilReady({ ec2, print, signal }: RestoreParts, id: string): Promise<void> {
  const look = async (): Promise<Seen<true>> => {
    const state = (await findVolume(ec2, id))?.state ?? 'not there yet';
    if (state === 'error') throw new OperatorError(`AWS could not make the volume ${id}.`);
    return state === 'available' ? { answer: true } : { state };
  };
  await waitFor(`The volume ${id}`, look, { maxMs: READY_MAX_MS, signal, onLook: print });
}

async function removeAgain({ ec2, print }: RestoreParts, id: string, why: unknown): Promise<void> {
  const look = async (): Promise<Seen<true>> =>
    (await deleteVolume(ec2, id)) ? { answer: true } : { state: 'it cannot be deleted yet' };
  try {
    // whoever wants an end has to wait for this one
    const { signal } = new AbortController();
    await waitFor(`The volume ${id}`, look, { maxMs: DELETE_MAX_MS, signal, onLook: print });
  } catch (error) {
    throw new OperatorError(
      `${(why as Error).message}\nThis may still exist: the volume ${id}. To remove it: aws ec2 delete-volume --volume-id ${id}\n(${(error as Error).message})`,
      { cause: why },
    );
  }
}

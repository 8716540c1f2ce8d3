import { waitFor } from '../../aws/wait.ts';
import { OperatorError } from '../../errors.ts';
import { findImage } from '../ec2/images.ts';
import { consoleOutput, findInstance, listInstances } from '../ec2/instances.ts';
import { launchInstance } from '../ec2/launch.ts';
import { createImage, removeImage, stopInstance } from '../ec2/make-image.ts';
import { deleteVolume } from '../ec2/removal.ts';
import { addTags, RUN_TAG, tagFilter, tagSpecifications, WAREHOUSE_TAG } from '../ec2/tags.ts';
import { endInstance } from '../ec2/terminate.ts';
import { attachVolume, createVolume, detachVolume, findVolume } from '../ec2/volumes.ts';
import type { Step } from '../run/runner.ts';
import type { Provision } from './provision.ts';
import { fillIn, readOutcome } from './user-data.ts';

const MINUTE_MS = 60_000;
const STATE_MAX_MS = 5 * MINUTE_MS;
const SCRIPT_MAX_MS = 20 * MINUTE_MS;
const IMAGE_MAX_MS = 60 * MINUTE_MS;
const TERMINATED_MAX_MS = 15 * MINUTE_MS;
// should nobody be left to end the builder
const BUILDER_MAX_MINUTES = 120;

/** Makes the volume, which is empty; undone, it is deleted unless all was done. */
const volume: Step<Provision> = {
  name: 'volume',
  doing: 'Making the volume',
  run: async (provision) => {
    const { ec2, site, runId, sizeGib, tags } = provision;
    provision.volumeId = await createVolume(ec2, {
      AvailabilityZone: site.subnet.zone,
      Size: sizeGib,
      VolumeType: 'gp3',
      Encrypted: true,
      ClientToken: runId,
      TagSpecifications: tagSpecifications(tags, 'volume'),
    });
    await waitForVolume(provision, 'available');
  },
  undo: async (provision) => {
    const { ec2, volumeId, isDone, tell, undoing } = provision;
    if (isDone || volumeId === null) return;
    tell(`Deleting the volume ${volumeId} …`);
    const look = async () =>
      (await deleteVolume(ec2, volumeId)) ? { answer: true } : { state: 'not free yet' };
    await waitFor(`The volume ${volumeId}`, look, undoing(STATE_MAX_MS));
  },
  leftovers: ({ volumeId }) => [
    `the volume ${volumeId}, which costs: aws ec2 delete-volume --volume-id ${volumeId}`,
  ],
};

/** Starts the instance that becomes the image; undone, it is terminated. */
const builder: Step<Provision> = {
  name: 'builder',
  doing: 'Starting an Amazon Linux',
  run: async (provision) => {
    const { ec2, config, site, runId, tags, waiting } = provision;
    const { id } = await launchInstance(ec2, {
      token: runId,
      imageId: site.image.id,
      root: site.image.root,
      instanceType: config.instanceType,
      keyName: config.keyName,
      securityGroup: config.securityGroup,
      subnetId: site.subnet.id,
      market: 'on-demand',
      userData: await userDataOf(provision),
      tags,
    });
    provision.builderId = id;
    await waitFor(
      `The instance ${id}`,
      () => lookForState(provision, 'running'),
      waiting(STATE_MAX_MS),
    );
  },
  undoing: 'Terminating the instance',
  undo: async ({ ec2, runId, builderId, pace, undoing }) => {
    const found = await listInstances(ec2, [tagFilter(RUN_TAG, runId)]);
    const ids = new Set([...found.map(({ id }) => id), ...(builderId ? [builderId] : [])]);
    for (const id of ids) await endInstance(ec2, id, pace.lostMaxMs, undoing(TERMINATED_MAX_MS));
  },
  leftovers: ({ builderId, runId }) => [
    `the instance ${builderId ?? `of the run ${runId}`}, which costs: npm run warehouse -- cleanup ${runId}`,
  ],
};

/** Lets the script work on it: install MariaDB, make the filesystem, try both, and leave the volume. */
const install: Step<Provision> = {
  name: 'install',
  doing: 'Installing MariaDB, and making the filesystem',
  run: async (provision) => {
    const { ec2, config, waiting } = provision;
    const { volumeId, builderId } = idsOf(provision);
    const Device = config.volumeDevice;
    await attachVolume(ec2, { VolumeId: volumeId, InstanceId: builderId, Device });
    const look = async () => {
      const outcome = readOutcome(await consoleOutput(ec2, builderId));
      if (outcome === 'ready') return { answer: true };
      if (outcome) throw new OperatorError(outcome.problem);
      return { state: 'still at it' };
    };
    await waitFor(`userdata/warehouse.sh on ${builderId}`, look, waiting(SCRIPT_MAX_MS));
    await detachVolume(ec2, volumeId, builderId);
    await waitForVolume(provision, 'available');
  },
};

/** Makes the image of the instance, stopped: nothing is written any more. Undone, it is removed unless all was done. */
const image: Step<Provision> = {
  name: 'image',
  doing: 'Making the image',
  run: async (provision) => {
    const { ec2, runId, tags, waiting } = provision;
    const { builderId } = idsOf(provision);
    await stopInstance(ec2, builderId);
    await waitFor(
      `The instance ${builderId}`,
      () => lookForState(provision, 'stopped'),
      waiting(STATE_MAX_MS),
    );
    const id = await createImage(ec2, builderId, { name: `minitwit-warehouse-${runId}`, tags });
    provision.imageId = id;
    const look = async () => {
      const state = (await findImage(ec2, id))?.state ?? 'not known yet';
      if (state === 'failed') throw new OperatorError(`AWS could not make the image ${id}.`);
      return state === 'available' ? { answer: true } : { state };
    };
    await waitFor(`The image ${id}`, look, waiting(IMAGE_MAX_MS));
  },
  undo: async ({ ec2, imageId, isDone, tell }) => {
    if (isDone || imageId === null) return;
    tell(`Removing the image ${imageId} …`);
    await removeImage(ec2, imageId);
  },
  leftovers: ({ imageId }) => [
    `the image ${imageId}: aws ec2 deregister-image --delete-associated-snapshots --image-id ${imageId}`,
  ],
};

/** From now on, the volume is a warehouse of its own, and volume and image stay. */
const handOver: Step<Provision> = {
  name: 'hand-over',
  run: async (provision) => {
    const { volumeId } = idsOf(provision);
    await addTags(provision.ec2, volumeId, { [WAREHOUSE_TAG]: volumeId });
    provision.isDone = true;
  },
};

/** All that a provision does, in order. */
export const PROVISION_STEPS: Step<Provision>[] = [volume, builder, install, image, handOver];

function userDataOf(provision: Provision): Promise<string> {
  const { config, volumeId } = provision;
  return fillIn({
    MOUNT_DIR: config.mountDir,
    VOLUME_ID: volumeId ?? '',
    VOLUME_DEVICE: config.volumeDevice,
    END_AFTER_MINUTES: String(BUILDER_MAX_MINUTES),
  });
}

async function waitForVolume(provision: Provision, wanted: string): Promise<void> {
  const { ec2, waiting } = provision;
  const id = provision.volumeId ?? '';
  const look = async () => {
    const state = (await findVolume(ec2, id))?.state ?? 'not known yet';
    if (state === 'error') throw new OperatorError(`AWS could not make the volume ${id}.`);
    return state === wanted ? { answer: true } : { state };
  };
  await waitFor(`The volume ${id}`, look, waiting(STATE_MAX_MS));
}

async function lookForState({ ec2, builderId }: Provision, wanted: 'running' | 'stopped') {
  const instance = await findInstance(ec2, builderId ?? '');
  const state = instance?.state ?? 'not known yet';
  if (['shutting-down', 'terminated'].includes(state)) {
    throw new OperatorError(`The instance ${builderId} has ended: ${instance?.reason ?? state}.`);
  }
  return state === wanted ? { answer: true } : { state };
}

function idsOf({ volumeId, builderId }: Provision): { volumeId: string; builderId: string } {
  if (volumeId === null || builderId === null) throw new Error('The steps are in another order');
  return { volumeId, builderId };
}

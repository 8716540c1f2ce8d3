import { readConsoleOutput } from '../../aws/ec2/instances.ts';
import { addTags } from '../../aws/ec2/tags.ts';
import { detachVolume } from '../../aws/ec2/volumes.ts';
import { attachAndWait, waitUntilAvailable } from '../../aws/ec2/wait-for-volume.ts';
import type { Step } from '../../cli/steps.ts';
import { pollOptions } from '../../aws/poll-options.ts';
import { poll } from '../../cli/poll.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { WAREHOUSE_TAG } from '../tags.ts';
import { builder } from './builder-step.ts';
import { image } from './image-step.ts';
import { idsOf, type ProvisionContext } from './provision.ts';
import { readOutcome } from './user-data.ts';
import { volume } from './volume-step.ts';

const STATE_MAX_MS = 5 * 60_000;
const SCRIPT_MAX_MS = 20 * 60_000;

/** Lets the script work on it: install MariaDB, make the filesystem, try both, and leave the volume. */
const install: Step<ProvisionContext> = {
  name: 'install',
  runMessage: 'Installing MariaDB, and making the filesystem',
  run: async (provision) => {
    const { ec2, config } = provision;
    const { volumeId, builderId } = idsOf(provision);
    const Device = config.volumeDevice;
    const attachment = { VolumeId: volumeId, InstanceId: builderId, Device };
    await attachAndWait(ec2, attachment, pollOptions(provision, STATE_MAX_MS));
    const look = async () => {
      const outcome = readOutcome(await readConsoleOutput(ec2, builderId));
      if (outcome === 'ready') return { done: true };
      if (outcome) throw new OperatorError(outcome.problem);
      return { pending: 'still at it' };
    };
    await poll(
      `userdata/warehouse.sh on ${builderId}`,
      look,
      pollOptions(provision, SCRIPT_MAX_MS),
    );
    await detachVolume(ec2, volumeId, builderId);
    await waitUntilAvailable(ec2, volumeId, pollOptions(provision, STATE_MAX_MS));
  },
};

/**
 * From now on, volume and image are a warehouse of its own, and stay. The snapshots that the image is made of keep
 * their tag: they are none of the volume's.
 */
const handOver: Step<ProvisionContext> = {
  name: 'hand-over',
  run: async (provision) => {
    const { ec2, imageId } = provision;
    const { volumeId } = idsOf(provision);
    await addTags(ec2, [volumeId, imageId ?? ''], { [WAREHOUSE_TAG]: volumeId });
  },
};

/** All that a provision does, in order. */
export const PROVISION_STEPS: Step<ProvisionContext>[] = [
  volume,
  builder,
  install,
  image,
  handOver,
];

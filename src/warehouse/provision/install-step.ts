import { readConsoleOutput } from '../../aws/ec2/instances.ts';
import { detachVolume } from '../../aws/ec2/volumes.ts';
import { attachAndWait, waitUntilAvailable } from '../ec2/wait-for-volume.ts';
import { requireId } from '../../aws/image-builder/image-build.ts';
import { pollOptions } from '../../aws/poll-options.ts';
import { poll } from '../../cli/poll.ts';
import type { Step } from '../../cli/steps.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import type { ProvisionContext } from './provision-context.ts';
import { parseOutcome } from './outcome.ts';

const VOLUME_TIMEOUT_MS = 5 * 60_000;
const SCRIPT_TIMEOUT_MS = 20 * 60_000;

/** Attaches the volume, and waits until userdata/warehouse.sh has installed MariaDB and created the filesystem. */
export const install: Step<ProvisionContext> = {
  name: 'install',
  runMessage: 'Installing MariaDB, and creating the filesystem',
  run: async (provision) => {
    const { ec2, config } = provision;
    const volumeId = requireId(provision.volumeId);
    const builderId = requireId(provision.builderId);
    const attachment = { VolumeId: volumeId, InstanceId: builderId, Device: config.volumeDevice };
    await attachAndWait(ec2, attachment, pollOptions(provision, VOLUME_TIMEOUT_MS));
    const request = async () => {
      const outcome = parseOutcome(await readConsoleOutput(ec2, builderId));
      if (outcome === 'ready') return { done: true };
      if (outcome) throw new OperatorError(outcome.problem);
      return { pending: 'running' };
    };
    const script = `userdata/warehouse.sh on ${builderId}`;
    await poll(script, request, pollOptions(provision, SCRIPT_TIMEOUT_MS));
    await detachVolume(ec2, volumeId, builderId);
    await waitUntilAvailable(ec2, volumeId, pollOptions(provision, VOLUME_TIMEOUT_MS));
  },
};

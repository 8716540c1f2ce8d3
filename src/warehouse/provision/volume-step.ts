import { pollOptions, cleanupPollOptions } from '../../aws/poll-options.ts';
import { findCreatedByRun } from '../../aws/ec2/find-created-by-run.ts';
import { tagSpecifications } from '../../aws/ec2/tags.ts';
import { createVolume, listVolumes } from '../../aws/ec2/volumes.ts';
import { deleteWhenFree, waitUntilAvailable } from '../ec2/wait-for-volume.ts';
import type { Step } from '../../cli/steps.ts';
import type { ProvisionContext } from './provision-context.ts';

const STATE_TIMEOUT_MS = 5 * 60_000;

/** Creates an empty volume, unless the operator names an existing one. Its undo deletes an unfinished volume. */
export const volume: Step<ProvisionContext> = {
  name: 'volume',
  run: async (provision) => {
    const { ec2, plan, runId, sizeGib, tags, log } = provision;
    if (plan.volume) {
      provision.volumeId = plan.volume.id;
      return;
    }
    log('Creating the volume …');
    provision.volumeId = await createVolume(ec2, {
      AvailabilityZone: plan.subnet.zone,
      Size: sizeGib,
      VolumeType: 'gp3',
      Encrypted: true,
      ClientToken: runId,
      TagSpecifications: tagSpecifications(tags, 'volume'),
    });
    await waitUntilAvailable(ec2, provision.volumeId, pollOptions(provision, STATE_TIMEOUT_MS));
  },
  undo: async (provision) => {
    const { ec2, plan, volumeId, isDone, log } = provision;
    if (isDone || plan.volume) return;
    const ids = await findCreatedByRun(provision, 'A volume', volumeId, async (ofRun) => {
      const volumes = await listVolumes(ec2, [ofRun]);
      // The root volume of the builder is deleted with the builder.
      return volumes.filter(({ attachedTo }) => !attachedTo);
    });
    for (const id of ids) {
      log(`Deleting the volume ${id} …`);
      await deleteWhenFree(ec2, id, cleanupPollOptions(provision, STATE_TIMEOUT_MS));
    }
  },
  formatOrphans: ({ volumeId, runId }) =>
    volumeId === null
      ? [
          `a volume of the run ${runId}, which costs money. To remove it: npm run warehouse -- cleanup ${runId}`,
        ]
      : [
          `the volume ${volumeId}, which costs money. To remove it: aws ec2 delete-volume --volume-id ${volumeId}`,
        ],
};

import { findCreatedByRun } from '../../aws/ec2/find-created.ts';
import { listInstances, checkInstanceState } from '../../aws/ec2/instances.ts';
import { launchInstance } from '../../aws/ec2/launch.ts';
import { terminateAndWait, TERMINATED_MAX_MS } from '../../aws/ec2/terminate.ts';
import type { Step } from '../../cli/steps.ts';
import { pollOptions, cleanupPollOptions } from '../../aws/poll-options.ts';
import { poll } from '../../cli/poll.ts';
import type { ProvisionContext } from './provision.ts';
import { fillIn } from './user-data.ts';

const RUNNING_MAX_MS = 5 * 60_000;
// should nobody be left to end the builder
const BUILDER_MAX_MINUTES = 120;

/** Starts the instance that becomes the image; undone, it is terminated. */
export const builder: Step<ProvisionContext> = {
  name: 'builder',
  runMessage: 'Starting an Amazon Linux',
  run: async (provision) => {
    const { ec2, config, site, runId, tags, signal } = provision;
    const wanted = {
      token: runId,
      imageId: site.image.id,
      root: site.image.root,
      instanceType: config.instanceType,
      keyName: config.keyName,
      securityGroup: config.securityGroup,
      subnetId: site.subnet.id,
      market: 'on-demand' as const,
      userData: await userDataOf(provision),
      tags,
    };
    const { id } = await launchInstance(ec2, wanted, signal);
    provision.builderId = id;
    const look = () => checkInstanceState(ec2, id, 'running');
    await poll(`The instance ${id}`, look, pollOptions(provision, RUNNING_MAX_MS));
  },
  undoMessage: 'Terminating the instance',
  undo: async (provision) => {
    const { ec2, builderId, timing } = provision;
    const ids = await findCreatedByRun(provision, 'An instance', builderId, (ofRun) =>
      listInstances(ec2, [ofRun]),
    );
    for (const id of ids)
      await terminateAndWait(
        ec2,
        id,
        timing.visibilityTimeoutMs,
        cleanupPollOptions(provision, TERMINATED_MAX_MS),
      );
  },
  formatOrphans: ({ builderId, runId }) => [
    `the instance ${builderId ?? `of the run ${runId}`}, which costs: npm run warehouse -- cleanup ${runId}`,
  ],
};

function userDataOf({ config, volumeId }: ProvisionContext): Promise<string> {
  return fillIn({
    MOUNT_DIR: config.mountDir,
    VOLUME_ID: volumeId ?? '',
    VOLUME_DEVICE: config.volumeDevice,
    END_AFTER_MINUTES: String(BUILDER_MAX_MINUTES),
  });
}

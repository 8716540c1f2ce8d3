import { createBuilderStep } from '../../aws/image-builder/builder-step.ts';
import { type ImageKind, requireId } from '../../aws/image-builder/image-build.ts';
import { createImageStep } from '../../aws/image-builder/image-step.ts';
import { addTags, tagFilter } from '../../aws/ec2/tags.ts';
import { renderScript } from '../../aws/render-script.ts';
import type { Step } from '../../cli/steps.ts';
import { WAREHOUSE_TAG } from '../../aws/tags.ts';
import { UNFINISHED } from '../tags.ts';
import { install } from './install-step.ts';
import type { ProvisionContext } from './provision-context.ts';
import { volume } from './volume-step.ts';

// The builder shuts itself down after this time, in case its process was killed.
const BUILDER_MAX_MINUTES = 120;

const warehouseImage: ImageKind<ProvisionContext> = {
  launchOptions: async (provision) => {
    const { config, plan, runId, tags } = provision;
    return {
      token: runId,
      imageId: plan.image.id,
      root: plan.image.root,
      instanceType: config.instanceType,
      isBurstable: plan.isBurstable,
      keyName: config.keyName,
      securityGroup: config.securityGroup,
      subnetId: plan.subnet.id,
      market: 'on-demand',
      userData: await renderBuilder(provision),
      tags,
    };
  },
  imageOptions: ({ runId, tags }) => ({
    name: `minitwit-warehouse-${runId}`,
    description: "Database server of MiniTwit's warehouse",
    tags,
  }),
  unfinished: tagFilter(WAREHOUSE_TAG, UNFINISHED),
  formatOrphan: (resource, { builderId, imageId, runId }) => {
    const id = resource === 'instance' ? builderId : imageId;
    // `cleanup` does not find an image that is already tagged as finished.
    const remove =
      resource === 'image' && id !== null
        ? `aws ec2 deregister-image --delete-associated-snapshots --image-id ${id}`
        : `npm run warehouse -- cleanup ${runId}`;
    return `the ${resource} ${id ?? `of the run ${runId}`}, which costs money. To remove it: ${remove}`;
  },
};

function renderBuilder({ config, volumeId }: ProvisionContext): Promise<string> {
  return renderScript('warehouse.sh', {
    MOUNT_DIR: config.mountDir,
    VOLUME_ID: requireId(volumeId),
    VOLUME_DEVICE: config.volumeDevice,
    END_AFTER_MINUTES: String(BUILDER_MAX_MINUTES),
  });
}

/**
 * Tags volume and image as finished. The tag of the image's snapshots does not change, since these are no snapshots of
 * the volume.
 */
const markFinished: Step<ProvisionContext> = {
  name: 'mark-finished',
  run: async ({ ec2, imageId, volumeId }) => {
    const id = requireId(volumeId);
    await addTags(ec2, [id, requireId(imageId)], { [WAREHOUSE_TAG]: id });
  },
};

/** The steps of `provision`, in order. */
export const PROVISION_STEPS: Step<ProvisionContext>[] = [
  volume,
  createBuilderStep(warehouseImage),
  install,
  createImageStep(warehouseImage),
  markFinished,
];

import { findCreatedByRun } from '../../aws/ec2/find-created.ts';
import { listImages } from '../../aws/ec2/images.ts';
import {
  createImage,
  deregisterImage,
  stopAndWait,
  waitForImage,
} from '../../aws/ec2/create-image.ts';
import type { Step } from '../../cli/steps.ts';
import { idsOf, type ProvisionContext } from './provision.ts';

/** Makes the image of the instance, stopped: nothing is written any more. Undone, it is removed unless all was done. */
export const image: Step<ProvisionContext> = {
  name: 'image',
  runMessage: 'Making the image',
  run: async (provision) => {
    const { ec2, runId, tags } = provision;
    const { builderId: instanceId } = idsOf(provision);
    await stopAndWait(ec2, instanceId, provision);
    const order = {
      instanceId,
      name: `minitwit-warehouse-${runId}`,
      description: "Database server of MiniTwit's warehouse",
      tags,
    };
    provision.imageId = await createImage(ec2, order, () => findImages(provision));
    await waitForImage(ec2, provision.imageId, provision);
  },
  undo: async (provision) => {
    if (provision.isDone) return;
    for (const id of await findImages(provision)) {
      provision.log(`Removing the image ${id} …`);
      await deregisterImage(provision.ec2, id);
    }
  },
  formatOrphans: ({ imageId, runId }) =>
    imageId === null
      ? [`an image of the run ${runId}: npm run warehouse -- cleanup ${runId}`]
      : [
          `the image ${imageId}: aws ec2 deregister-image --delete-associated-snapshots --image-id ${imageId}`,
        ],
};

function findImages(provision: ProvisionContext): Promise<string[]> {
  return findCreatedByRun(provision, 'An image', provision.imageId, (ofRun) =>
    listImages(provision.ec2, 'self', [ofRun]),
  );
}

import { findImage, listImages } from '../../aws/ec2/images.ts';
import { createImage, removeImage, stopInstance } from '../../aws/ec2/make-image.ts';
import { awsErrorName } from '../../aws/failures.ts';
import type { Step } from '../../aws/runner.ts';
import { waitFor } from '../../aws/wait.ts';
import { OperatorError } from '../../errors.ts';
import { findOurs, idsOf, lookForBuilder, type Provision } from './provision.ts';

const STOPPED_MAX_MS = 5 * 60_000;
const IMAGE_MAX_MS = 60 * 60_000;

/** Makes the image of the instance, stopped: nothing is written any more. Undone, it is removed unless all was done. */
export const image: Step<Provision> = {
  name: 'image',
  doing: 'Making the image',
  run: async (provision) => {
    const { ec2, waiting } = provision;
    const { builderId } = idsOf(provision);
    await stopInstance(ec2, builderId);
    const lookForStopped = () => lookForBuilder(provision, 'stopped');
    await waitFor(`The instance ${builderId}`, lookForStopped, waiting(STOPPED_MAX_MS));
    const id = await createOnce(provision, builderId);
    provision.imageId = id;
    const look = async () => {
      const state = (await findImage(ec2, id))?.state ?? 'not known yet';
      if (state === 'failed') throw new OperatorError(`AWS could not make the image ${id}.`);
      return state === 'available' ? { answer: true } : { state };
    };
    await waitFor(`The image ${id}`, look, waiting(IMAGE_MAX_MS));
  },
  undo: async (provision) => {
    if (provision.isDone) return;
    for (const id of await findImages(provision)) {
      provision.tell(`Removing the image ${id} …`);
      await removeImage(provision.ec2, id);
    }
  },
  leftovers: ({ imageId, runId }) =>
    imageId === null
      ? [`an image of the run ${runId}: npm run warehouse -- cleanup ${runId}`]
      : [
          `the image ${imageId}: aws ec2 deregister-image --delete-associated-snapshots --image-id ${imageId}`,
        ],
};

/** Asked for again when the answer was lost, AWS says that there is one of this name. */
async function createOnce(provision: Provision, builderId: string): Promise<string> {
  const { ec2, runId, tags } = provision;
  try {
    return await createImage(ec2, builderId, {
      name: `minitwit-warehouse-${runId}`,
      description: "Database server of MiniTwit's warehouse",
      tags,
    });
  } catch (error) {
    if (awsErrorName(error) !== 'InvalidAMIName.Duplicate') throw error;
    const [id] = await findImages(provision);
    if (id === undefined) throw error;
    return id;
  }
}

function findImages(provision: Provision): Promise<string[]> {
  return findOurs(provision, 'An image', provision.imageId, async (ofRun) =>
    (await listImages(provision.ec2, 'self', [ofRun])).map(({ id }) => id),
  );
}

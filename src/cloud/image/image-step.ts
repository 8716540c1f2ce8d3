import { findCreatedByRun } from '../../aws/ec2/find-created.ts';
import { listImages } from '../../aws/ec2/images.ts';
import {
  createImage,
  deregisterImage,
  stopAndWait,
  waitForImage,
} from '../../aws/ec2/create-image.ts';
import { deleteSnapshot } from '../../aws/ec2/removal.ts';
import { listSnapshots } from '../../aws/ec2/snapshots.ts';
import { RUN_TAG, tagFilter } from '../../aws/ec2/tags.ts';
import { cleanupPollOptions } from '../../aws/poll-options.ts';
import { poll } from '../../cli/poll.ts';
import { BUILDER, IMAGE_TAG } from '../images.ts';
import { type BuildStep, type UndoContext, idOf, sayLeft } from './build.ts';
import { imageOrderOf } from './requests.ts';

const FREE_MAX_MS = 5 * 60_000;

/** Makes the image of the instance, stopped; undone, it is removed unless all was done. */
export const image: BuildStep = {
  name: 'image',
  runMessage: 'Making the image',
  run: async (build) => {
    const { ec2 } = build.clients;
    const builderId = idOf(build.builderId);
    await stopAndWait(ec2, builderId, build);
    const order = imageOrderOf(build.plan, builderId);
    build.imageId = await createImage(ec2, order, () => findImages(build));
    // the instance must not end before that
    await waitForImage(ec2, build.imageId, build);
  },
  undo: async (ending) => {
    if (ending.isDone) return;
    for (const id of await findImages(ending)) {
      ending.log(`Removing the image ${id} …`);
      await deregisterImage(ending.clients.ec2, id);
    }
    await deleteSnapshots(ending);
  },
  formatOrphans: ({ imageId, runId }) => [
    sayLeft(`the image ${imageId ?? `of the run ${runId}`}, which costs`),
  ],
};

// those of a run that was killed on its way out are done, and stay
const UNDONE = tagFilter(IMAGE_TAG, BUILDER);

function findImages(ending: UndoContext): Promise<string[]> {
  return findCreatedByRun(ending, 'An image', ending.imageId, (ofRun) =>
    listImages(ending.clients.ec2, 'self', [ofRun, UNDONE]),
  );
}

/** They go with the image, but for those of one that was not whole. */
async function deleteSnapshots(context: UndoContext): Promise<void> {
  const { clients, runId } = context;
  for (const { id } of await listSnapshots(clients.ec2, [tagFilter(RUN_TAG, runId), UNDONE])) {
    const look = async () =>
      (await deleteSnapshot(clients.ec2, id)) ? { done: true } : { pending: 'still in use' };
    await poll(`The snapshot ${id}`, look, cleanupPollOptions(context, FREE_MAX_MS));
  }
}

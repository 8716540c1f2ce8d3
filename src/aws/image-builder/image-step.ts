import { poll } from '../../cli/poll.ts';
import type { PlannedStep } from '../../cli/steps.ts';
import {
  createImage,
  createImageInput,
  deregisterImage,
  stopInstanceAndWait,
  waitForImage,
} from '../ec2/create-image.ts';
import { findCreatedByRun } from '../ec2/find-created-by-run.ts';
import { listImages } from '../ec2/images.ts';
import { deleteSnapshot } from '../ec2/removal.ts';
import { listSnapshots } from '../ec2/snapshots.ts';
import { tagFilter } from '../ec2/tags.ts';
import { RUN_TAG } from '../tags.ts';
import { formatRequest } from '../format-request.ts';
import { cleanupPollOptions } from '../poll-options.ts';
import { type ImageBuild, type ImageKind, requireId } from './image-build.ts';

const FREE_TIMEOUT_MS = 5 * 60_000;

/** Creates the step that stops the instance and creates the image from it. Its undo removes an unfinished image. */
export function createImageStep<Build extends ImageBuild>(
  kind: ImageKind<Build>,
): PlannedStep<Build, ImageBuild> {
  const findImages = (build: ImageBuild) =>
    findCreatedByRun(build, 'An image', build.imageId, (ofRun) =>
      // A process that was killed while it undid its steps may have left a finished image of this run.
      listImages(build.ec2, 'self', [ofRun, kind.unfinished]),
    );
  const optionsFor = (build: Build) => ({
    instanceId: requireId(build.builderId),
    ...kind.imageOptions(build),
  });
  return {
    name: 'image',
    runMessage: 'Creating the image',
    run: async (build) => {
      const { ec2 } = build;
      const options = optionsFor(build);
      await stopInstanceAndWait(ec2, options.instanceId, build);
      build.imageId = await createImage(ec2, options, () => findImages(build));
      // The instance must exist until the image is available.
      await waitForImage(ec2, build.imageId, build);
    },
    undo: async (build) => {
      if (build.isDone) return;
      for (const id of await findImages(build)) {
        build.log(`Removing the image ${id} …`);
        await deregisterImage(build.ec2, id);
      }
      await deleteSnapshots(build, kind);
    },
    formatOrphans: (build) => [kind.formatOrphan('image', build)],
    plan: (build) => {
      const options = optionsFor(build);
      return {
        run: [
          formatRequest('StopInstances', { InstanceIds: [options.instanceId] }),
          formatRequest('CreateImage', createImageInput(options)),
        ],
      };
    },
  };
}

/** Deletes the snapshots of an incomplete image. AWS deletes those of a complete image with the image. */
async function deleteSnapshots<Build extends ImageBuild>(
  build: ImageBuild,
  { unfinished }: ImageKind<Build>,
): Promise<void> {
  const { ec2, runId } = build;
  for (const { id } of await listSnapshots(ec2, [tagFilter(RUN_TAG, runId), unfinished])) {
    const request = async () =>
      (await deleteSnapshot(ec2, id)) ? { done: true } : { pending: 'still in use' };
    await poll(`The snapshot ${id}`, request, cleanupPollOptions(build, FREE_TIMEOUT_MS));
  }
}

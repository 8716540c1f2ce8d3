import { listSnapshots } from '../../aws/ec2/snapshots.ts';
import { addTags, RUN_TAG, tagFilter } from '../../aws/ec2/tags.ts';
import { runCommand } from '../instances/run-command.ts';
import { type BuildStep, idOf } from './build.ts';
import { builder } from './builder-step.ts';
import { group } from './group-step.ts';
import { image } from './image-step.ts';
import { renderInstallScript } from './install-script.ts';
import { imageTags } from './requests.ts';
import { role } from './role-step.ts';
import { signSource, source } from './source-step.ts';

const INSTALL_MAX_MS = 25 * 60_000;

/** Lets userdata/image.sh work on it, which tries whether the server starts. */
const install: BuildStep = {
  name: 'install',
  runMessage: 'Installing MiniTwit',
  run: async (build) => {
    const url = await signSource(build);
    await runCommand(build, idOf(build.builderId), {
      comment: 'Installing MiniTwit',
      script: renderInstallScript({ url, sha256: build.plan.source.sha256 }),
      maxMs: INSTALL_MAX_MS,
    });
  },
};

/** From now on, the image is one of MiniTwit's, and stays. */
const handOver: BuildStep = {
  name: 'hand-over',
  run: async ({ clients: { ec2 }, runId, imageId, plan }) => {
    const snapshots = await listSnapshots(ec2, [tagFilter(RUN_TAG, runId)]);
    await addTags(ec2, [idOf(imageId), ...snapshots.map(({ id }) => id)], imageTags(plan));
  },
};

/** All that is done for an image, in order. */
export const BUILD_STEPS: BuildStep[] = [role, source, group, builder, install, image, handOver];

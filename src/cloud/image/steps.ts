import { listSnapshots } from '../../aws/ec2/snapshots.ts';
import { addTags, tagFilter } from '../../aws/ec2/tags.ts';
import { RUN_TAG } from '../../aws/tags.ts';
import { formatRequest } from '../../aws/format-request.ts';
import { createBuilderStep } from '../../aws/image-builder/builder-step.ts';
import { type ImageKind, requireId } from '../../aws/image-builder/image-build.ts';
import { createImageStep } from '../../aws/image-builder/image-step.ts';
import { renderScript } from '../../aws/render-script.ts';
import { DISK_GIB } from '../costs/instance-costs.ts';
import { formatPriced, monthlyInstanceCost } from '../costs/priced-resource.ts';
import { PRICES } from '../costs/prices.ts';
import { BUILDER, IMAGE_TAG } from '../images.ts';
import { runCommand } from '../instances/run-command.ts';
import { type BuildContext, type BuildStep, formatOrphan } from './build.ts';
import { securityGroup } from './security-group-step.ts';
import type { BuildPlan } from './plan.ts';
import { imageOptions, imageTags, launchOptions } from './requests.ts';
import { role } from './role-step.ts';
import { signSource, source } from './source-step.ts';

/** The dollars per month of an image, whose snapshot has at most the size of the disk. */
const IMAGE_MONTH = DISK_GIB * PRICES.snapshotGbMonth;
const INSTALL_TIMEOUT_MS = 25 * 60_000;

const stackImage: ImageKind<BuildContext> = {
  launchOptions: ({ plan, groupId }) => launchOptions(plan, requireId(groupId)),
  imageOptions: ({ plan }) => imageOptions(plan),
  unfinished: tagFilter(IMAGE_TAG, BUILDER),
  formatOrphan: (resource, { builderId, builderType, imageId, runId }) => {
    const isInstance = resource === 'instance';
    const id = (isInstance ? builderId : imageId) ?? `of the run ${runId}`;
    const monthly = isInstance ? monthlyInstanceCost(builderType ?? 'unknown') : IMAGE_MONTH;
    return formatOrphan(formatPriced({ about: `the ${resource} ${id}`, monthly }));
  },
};

/** Returns the script that installs MiniTwit on the builder, from a URL of the source that needs no credentials. */
const renderInstallScript = (plan: BuildPlan, url: string) =>
  renderScript('install.sh', { SOURCE_URL: url, SOURCE_SHA256: plan.source.sha256 });

/** Runs userdata/image.sh on the builder, which also checks that the server starts. */
const install: BuildStep = {
  name: 'install',
  runMessage: 'Installing MiniTwit',
  run: async (build) => {
    const url = await signSource(build);
    await runCommand(build, requireId(build.builderId), {
      comment: 'Installing MiniTwit',
      script: await renderInstallScript(build.plan, url),
      maxMs: INSTALL_TIMEOUT_MS,
    });
  },
  plan: async ({ builderId, plan }) => {
    const input = { InstanceIds: [requireId(builderId)] };
    const script = await renderInstallScript(plan, 'URL');
    return { run: [`${formatRequest('SendCommand', input)}\n${script}`] };
  },
};

/** Tags the image and its snapshots as finished. Only then do other commands use the image. */
const markFinished: BuildStep = {
  name: 'mark-finished',
  run: async ({ ec2, runId, imageId, plan }) => {
    const snapshots = await listSnapshots(ec2, [tagFilter(RUN_TAG, runId)]);
    await addTags(ec2, [requireId(imageId), ...snapshots.map(({ id }) => id)], imageTags(plan));
  },
  plan: ({ imageId, plan }) => {
    const input = { Resources: [requireId(imageId), 'SNAPSHOTS'], Tags: imageTags(plan) };
    return { run: [formatRequest('CreateTags', input)] };
  },
};

/** The steps of a build, in order. */
export const BUILD_STEPS: BuildStep[] = [
  role,
  source,
  securityGroup,
  createBuilderStep(stackImage),
  install,
  createImageStep(stackImage),
  markFinished,
];

import type { Image } from '../../aws/ec2/images.ts';
import { runSteps, undoSteps } from '../../cli/steps.ts';
import { formatAge } from '../../cli/times.ts';
import { errorMessage } from '../../errors/error-message.ts';
import type { CloudContext } from '../context.ts';
import { type BuildContext, createBuildContext } from '../image/build.ts';
import { printBuildPlan } from '../image/dry-run.ts';
import { type BuildPlan, planBuild } from '../image/plan.ts';
import { removeOldImages } from '../image/prune.ts';
import { BUILD_STEPS } from '../image/steps.ts';
import { removeUnfinishedBuilds } from '../image/unfinished-builds.ts';

const PATHS_SHOWN = 5;

/**
 * Builds an image of MiniTwit's current commit on a temporary instance, and removes the oldest images. After a failure,
 * all steps are undone.
 * @throws OperatorError with the failure, and with the resources that may still exist
 */
export async function buildImage(
  cloud: CloudContext,
  { instanceType, dryRun }: { instanceType: string; dryRun: boolean },
): Promise<void> {
  const plan = await planBuild(cloud.clients, instanceType);
  for (const line of formatPlan(plan)) cloud.log(line);
  if (dryRun) {
    await printBuildPlan(cloud, plan);
    return;
  }
  await removeUnfinishedBuilds(cloud);
  await runBuild(createBuildContext(cloud, plan));
  await removeOldImages(cloud);
}

function formatPlan({ runId, source, instanceType, base, subnet }: BuildPlan): string[] {
  const { version, commit, uncommitted } = source;
  const paths = uncommitted.slice(0, PATHS_SHOWN).join(', ');
  const more =
    uncommitted.length > PATHS_SHOWN ? ` and ${uncommitted.length - PATHS_SHOWN} more` : '';
  return [
    `Building MiniTwit ${version}, commit ${commit.slice(0, 12)}, on ${formatRelease(base)} (${base.architecture}), ` +
      `with a ${instanceType} in ${subnet.zone}. The run is ${runId}.`,
    `The image gets the packages and security updates of this release, the newest one, from ${formatAge(new Date(base.createdAt))} ago.`,
    ...(paths ? [`Uncommitted changes are not in the image: ${paths}${more}.`] : []),
  ];
}

/** Formats the release of Amazon Linux in an image: `Amazon Linux 2023.9.20251117`. */
function formatRelease({ id, name }: Image): string {
  const [, release] = /^al2023-ami-(\d+\.\d+\.\d+)/.exec(name) ?? [];
  return release === undefined ? name || id : `Amazon Linux ${release}`;
}

async function runBuild(build: BuildContext): Promise<void> {
  try {
    await runSteps(BUILD_STEPS, build);
  } catch (error) {
    build.log(errorMessage(error));
    await undoSteps(BUILD_STEPS, build);
    throw error;
  }
  build.isDone = true;
  const { base, source } = build.plan;
  // The image is ready, even if removing the builder fails.
  build.print(
    `The image ${build.imageId} is ready. It has MiniTwit ${source.version}, for ${base.architecture} instances.`,
  );
  await undoSteps(BUILD_STEPS, build);
}

import { runSteps, undoSteps } from '../../cli/steps.ts';
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
 * Makes an image of MiniTwit as it is committed here, of an instance that exists for this alone, and removes the
 * oldest images. Nothing is left when something fails.
 * @throws OperatorError, when everything that was begun is undone, or says what is not
 */
export async function buildImage(
  cloud: CloudContext,
  { instanceType, dryRun }: { instanceType: string; dryRun: boolean },
): Promise<void> {
  const plan = await planBuild(cloud.clients.ec2, instanceType);
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
    `MiniTwit ${version}, commit ${commit.slice(0, 12)}, on ${base.name || base.id} (${base.architecture}), ` +
      `by a ${instanceType} in ${subnet.zone}: ${runId}`,
    ...(paths ? [`What is not committed is not in it: ${paths}${more}.`] : []),
  ];
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
  // before the instance is ended, which may fail: the image is there
  build.print(
    `The image ${build.imageId}: MiniTwit ${source.version}, for ${base.architecture} instances.`,
  );
  await undoSteps(BUILD_STEPS, build);
}

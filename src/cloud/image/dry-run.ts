import { planSteps } from '../../cli/steps.ts';
import type { CloudContext } from '../context.ts';
import { createBuildContext } from './build.ts';
import type { BuildPlan } from './plan.ts';
import { listOldImages, formatOldImage } from './prune.ts';
import { BUILD_STEPS } from './steps.ts';
import { formatUnfinishedBuild, listUnfinishedBuilds } from './unfinished-builds.ts';

// The ids of resources that do not exist yet.
const GROUP_ID = 'sg-00000000000000000';
const BUILDER_ID = 'i-00000000000000000';
const IMAGE_ID = 'ami-00000000000000000';

/** Prints what a build would do, with all its requests, and changes nothing. */
export async function printBuildPlan(cloud: CloudContext, plan: BuildPlan): Promise<void> {
  const { clients, print } = cloud;
  for (const build of await listUnfinishedBuilds(clients)) print(formatUnfinishedBuild(build));
  const build = {
    ...createBuildContext(cloud, plan),
    groupId: GROUP_ID,
    builderId: BUILDER_ID,
    imageId: IMAGE_ID,
  };
  for (const line of await planSteps(BUILD_STEPS, build)) print(line);
  for (const old of await listOldImages(clients, 1)) print(formatOldImage(old));
  print(`Nothing was changed. ${GROUP_ID} and similar ids stand for resources that do not exist.`);
}

import { paginateListInstanceProfiles, paginateListRoles } from '@aws-sdk/client-iam';
import { z } from 'zod';
import { listImages } from '../../aws/ec2/images.ts';
import { listInstances } from '../../aws/ec2/instances.ts';
import { listSnapshots } from '../../aws/ec2/snapshots.ts';
import { tagFilter } from '../../aws/ec2/tags.ts';
import { RUN_TAG } from '../../aws/tags.ts';
import { listItems } from '../../aws/pages.ts';
import { parseRunStart } from '../../cli/run-id.ts';
import { undoSteps } from '../../cli/steps.ts';
import { formatAge } from '../../cli/times.ts';
import type { Clients, CloudContext } from '../context.ts';
import { BUILDER, IMAGE_TAG } from '../images.ts';
import { readRegion } from '../region.ts';
import { listBucketNames } from '../../aws/s3/buckets.ts';
import { listSecurityGroups } from './security-groups.ts';
import { BUILD_MAX_MS, createUndoContext } from './build.ts';
import { iamPath, NAME_PREFIX } from './requests.ts';
import { BUILD_STEPS } from './steps.ts';

/** A build that has not finished, of which the account still has resources. */
export interface UnfinishedBuild {
  runId: string;
  startedAt: Date;
  /** Whether its process may still run, on this machine or another. */
  mayBeRunning: boolean;
}

/** Lists the unfinished builds of this region, oldest first. */
export async function listUnfinishedBuilds(clients: Clients): Promise<UnfinishedBuild[]> {
  const runs = new Set([...(await listRunsByTag(clients)), ...(await listRunsByName(clients))]);
  return [...runs].toSorted().flatMap((runId) => {
    const startedAt = parseRunStart(runId);
    if (!startedAt) return [];
    return { runId, startedAt, mayBeRunning: Date.now() - Number(startedAt) < BUILD_MAX_MS };
  });
}

/** Formats what happens to an unfinished build. */
export function formatUnfinishedBuild({ runId, startedAt, mayBeRunning }: UnfinishedBuild): string {
  const age = formatAge(startedAt);
  return mayBeRunning
    ? `The build ${runId} started ${age} ago and may still be running, so its resources are retained.`
    : `Removing the resources of the build ${runId}, which started ${age} ago …`;
}

/** Formats what `down` will do with an unfinished build. */
export function formatPlannedRemoval(build: UnfinishedBuild): string {
  const { runId, startedAt, mayBeRunning } = build;
  return mayBeRunning
    ? formatUnfinishedBuild(build)
    : `It also removes the resources of the build ${runId}, which started ${formatAge(startedAt)} ago.`;
}

/**
 * Removes the resources of killed builds, and logs what happens to each unfinished build.
 * @returns the builds that may still be running, whose resources are retained
 * @throws OperatorError with the resources that may still exist
 */
export async function removeUnfinishedBuilds(cloud: CloudContext): Promise<UnfinishedBuild[]> {
  const unfinished = await listUnfinishedBuilds(cloud.clients);
  for (const build of unfinished) {
    cloud.signal.throwIfAborted();
    cloud.log(formatUnfinishedBuild(build));
    if (build.mayBeRunning) continue;
    // AWS lists resources of this age.
    const context = { ...cloud, timing: { ...cloud.timing, visibilityTimeoutMs: 0 } };
    const begun = BUILD_STEPS.map(({ name }) => name);
    await undoSteps(BUILD_STEPS, createUndoContext(context, build.runId, begun));
  }
  return unfinished.filter(({ mayBeRunning }) => mayBeRunning);
}

async function listRunsByTag({ ec2 }: Clients): Promise<string[]> {
  const filters = [tagFilter(IMAGE_TAG, BUILDER)];
  const instances = await listInstances(ec2, filters);
  const found = [
    instances.filter(({ state }) => state !== 'terminated'),
    await listSecurityGroups(ec2, filters),
    await listImages(ec2, 'self', filters),
    await listSnapshots(ec2, filters),
  ];
  return found.flat().flatMap(({ tags }) => tags[RUN_TAG] ?? []);
}

/** Returns the runs of this region's roles, instance profiles and buckets, which are found by their names. */
async function listRunsByName(clients: Clients): Promise<string[]> {
  const { iam, s3 } = clients;
  const PathPrefix = iamPath(await readRegion(clients));
  const names = await listBucketNames(s3, NAME_PREFIX);
  const roles = await listItems(
    'Cannot list the roles',
    paginateListRoles({ client: iam }, { PathPrefix }),
    ({ Roles }) => Roles?.map(({ RoleName }) => RoleName),
    z.string(),
  );
  const profiles = await listItems(
    'Cannot list the instance profiles',
    paginateListInstanceProfiles({ client: iam }, { PathPrefix }),
    ({ InstanceProfiles }) => InstanceProfiles?.map((it) => it.InstanceProfileName),
    z.string(),
  );
  return [...names, ...roles, ...profiles]
    .filter((name) => name.startsWith(NAME_PREFIX))
    .map((name) =>
      // Bucket names are in lower case.
      name.slice(NAME_PREFIX.length).replace(/^(\d{8})t(\d{6})z/, '$1T$2Z'),
    );
}

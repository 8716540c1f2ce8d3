import { paginateListInstanceProfiles, paginateListRoles } from '@aws-sdk/client-iam';
import { z } from 'zod';
import { listImages } from '../../aws/ec2/images.ts';
import { listInstances } from '../../aws/ec2/instances.ts';
import { listSnapshots } from '../../aws/ec2/snapshots.ts';
import { RUN_TAG, tagFilter } from '../../aws/ec2/tags.ts';
import { listItems } from '../../aws/pages.ts';
import { parseRunStart } from '../../cli/run-id.ts';
import { undoSteps } from '../../cli/steps.ts';
import { formatAge } from '../../cli/times.ts';
import type { Clients, CloudContext } from '../context.ts';
import { BUILDER, IMAGE_TAG } from '../images.ts';
import { listBucketNames } from '../../aws/s3/buckets.ts';
import { listSecurityGroups } from './security-groups.ts';
import { createUndoContext } from './build.ts';
import { iamPath, NAME_PREFIX } from './requests.ts';
import { BUILD_STEPS } from './steps.ts';

// more than all waits of one that goes on take together
const BUILD_MAX_MS = 2 * 60 * 60_000;

/** An image that was begun and is not done; of it there is something in the account. */
export interface UnfinishedBuild {
  runId: string;
  startedAt: Date;
  /** Whether its process may still be at work, here or elsewhere. */
  mayBeRunning: boolean;
}

/** Every image that was begun in this region and is not done, the oldest first. */
export async function listUnfinishedBuilds(clients: Clients): Promise<UnfinishedBuild[]> {
  const runs = new Set([...(await listRunsByTag(clients)), ...(await listRunsByName(clients))]);
  return [...runs].toSorted().flatMap((runId) => {
    const startedAt = parseRunStart(runId);
    if (!startedAt) return [];
    return { runId, startedAt, mayBeRunning: Date.now() - Number(startedAt) < BUILD_MAX_MS };
  });
}

/**
 * Removes what was left by an `image` that was killed, and tells of it, too of what is left alone, since its process
 * may still be at work.
 * @returns what is left alone
 * @throws OperatorError that says what may still exist
 */
export async function removeUnfinishedBuilds(cloud: CloudContext): Promise<UnfinishedBuild[]> {
  const unfinished = await listUnfinishedBuilds(cloud.clients);
  for (const { runId, startedAt, mayBeRunning } of unfinished) {
    cloud.signal.throwIfAborted();
    const which = `an image that was begun ${formatAge(startedAt)} ago (${runId})`;
    if (mayBeRunning) {
      cloud.log(`There is ${which}: it may be in the making elsewhere, and is left alone.`);
      continue;
    }
    cloud.log(`Removing what is left of ${which} …`);
    const begun = BUILD_STEPS.map(({ name }) => name);
    // what it has made is old enough to be seen
    const patient = { ...cloud, timing: { ...cloud.timing, visibilityTimeoutMs: 0 } };
    const ending = createUndoContext(patient, runId, begun);
    await undoSteps(BUILD_STEPS, ending);
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

/** Those of this region of which there is something that can be found by its name alone. */
async function listRunsByName({ iam, s3 }: Clients): Promise<string[]> {
  const PathPrefix = iamPath(await iam.config.region());
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
      // a bucket's name has no capitals
      name.slice(NAME_PREFIX.length).replace(/^(\d{8})t(\d{6})z/, '$1T$2Z'),
    );
}

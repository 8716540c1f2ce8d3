import type { Clients } from '../context.ts';
import { hasEnded, type InstanceRefresh, listRefreshes } from './instance-refreshes.ts';
import { requireScalingGroup } from './scaling-group.ts';
import { type LaunchTemplateVersion, listTemplateVersions } from './template-versions.ts';

/**
 * Returns the id of the image that the instances of an Auto Scaling group ran before the current image, or null if they
 * have run no other image. The launch template's versions are the history. The image may no longer exist.
 * @param stored the image in the stack's parameters, which is current except during and after an interrupted `roll`
 */
export async function findPreviousImageId(
  { autoScaling, ec2 }: Clients,
  groupName: string,
  stored: string,
): Promise<string | null> {
  const group = await requireScalingGroup(autoScaling, groupName);
  const [versions, refreshes] = await Promise.all([
    listTemplateVersions(ec2, group.templateId),
    listRefreshes(autoScaling, groupName),
  ]);
  const previous = findImageBefore(stored, versions, listFailedVersions(refreshes));
  const launched = versions.find(({ number }) => number === group.version)?.content.ImageId;
  // An interrupted `roll` has not stored its image. Unless that was a `roll --back`, the stored image is the previous one.
  if (launched && launched !== stored && launched !== previous) return stored;
  return previous;
}

/** Returns the image of the version before the newest version with this image, without failed versions. */
function findImageBefore(
  imageId: string,
  versions: LaunchTemplateVersion[],
  failed: Set<string>,
): string | null {
  const images = versions
    .filter(({ number }) => !failed.has(number))
    .map(({ content }) => content.ImageId);
  const older = images.slice(images.indexOf(imageId)).find((other) => other !== imageId);
  return images.includes(imageId) ? (older ?? null) : null;
}

/** Returns the numbers of the versions whose instance refreshes have all failed. */
function listFailedVersions(refreshes: InstanceRefresh[]): Set<string> {
  const ended = refreshes.filter(hasEnded);
  const succeeded = ended.filter(({ status }) => status === 'Successful');
  const failed = ended.filter(({ version }) => succeeded.every((it) => it.version !== version));
  return new Set(failed.flatMap(({ version }) => version ?? []));
}

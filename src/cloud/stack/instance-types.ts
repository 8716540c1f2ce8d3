import type { EC2Client } from '@aws-sdk/client-ec2';
import { listZonesWith } from '../../aws/ec2/network.ts';

// Types of one price and 1 GiB of memory by the architecture of the image, the preferred one first. t4g has no sibling.
const DEFAULT_TYPES: Record<string, string[]> = {
  x86_64: ['t3.micro', 't3a.micro', 't2.micro'],
  arm64: ['t4g.micro', 't4g.small'],
};
// The types that AWS's free plan allows, without the two large ones.
const FREE_PLAN_TYPES: Record<string, string[]> = {
  x86_64: ['t3.micro', 't3.small'],
  arm64: ['t4g.micro', 't4g.small'],
};

/** Returns the names in the value of the parameter InstanceTypes, the preferred type first. */
export function listTypeNames(instanceTypes: string): string[] {
  return instanceTypes.split(',').map((name) => name.trim());
}

/**
 * Lists the default instance types for the architecture of an image, the preferred one first; none for an unknown
 * architecture.
 * @param architecture by default that of the images that `image` builds by default
 */
export function listDefaultTypes(architecture = 'x86_64'): string[] {
  return DEFAULT_TYPES[architecture] ?? [];
}

/** Lists the default instance types in an account on AWS's free plan, as `listDefaultTypes` does. */
export function listFreePlanTypes(architecture: string): string[] {
  return FREE_PLAN_TYPES[architecture] ?? [];
}

/** Lists the zones that offer all of these instance types. */
export async function listZonesWithAll(ec2: EC2Client, types: string[]): Promise<string[]> {
  const [first = [], ...others] = await Promise.all(types.map((type) => listZonesWith(ec2, type)));
  return first.filter((zone) => others.every((zones) => zones.includes(zone)));
}

/** Lists those of the instance types that all of these zones offer. */
export async function listTypesOffered(
  ec2: EC2Client,
  types: string[],
  zones: string[],
): Promise<string[]> {
  const zonesOf = await Promise.all(types.map((type) => listZonesWith(ec2, type)));
  return types.filter((_, index) => zones.every((zone) => zonesOf[index]?.includes(zone)));
}

import type { EC2Client } from '@aws-sdk/client-ec2';
import {
  findImage,
  findInstanceType,
  type Image,
  type InstanceType,
} from '../../aws/ec2/images.ts';
import { findAmazonLinux } from '../../aws/ec2/create-image.ts';
import {
  findDefaultSubnet,
  findDefaultSubnetFor,
  findVpcOfSecurityGroup,
  findSubnet,
  hasKeyPair,
  type Subnet,
} from '../../aws/ec2/network.ts';
import { findVolume, type Volume } from '../../aws/ec2/volumes.ts';
import { preflightError } from '../../cli/preflight.ts';
import { validateInstanceSettings } from './validate-instance-settings.ts';
import type { InstanceConfig } from '../settings.ts';
import type { ProvisionOptions, Site } from './provision.ts';

/**
 * Finds out where a provision can take place, and of which image, before anything is made.
 * @throws OperatorError that names all that the settings name and that is not there, or does not fit
 */
export async function findSite(
  ec2: EC2Client,
  config: InstanceConfig,
  { baseImageId, volumeId }: ProvisionOptions,
): Promise<Site> {
  const [type, volume] = await Promise.all([
    findInstanceType(ec2, config.instanceType),
    volumeId === null ? null : findVolume(ec2, volumeId),
  ]);
  const [image, subnet, vpcId, hasKey] = await Promise.all([
    type && findBaseImage(ec2, type, baseImageId),
    type && findBuilderSubnet(ec2, config, volume),
    findVpcOfSecurityGroup(ec2, config.securityGroup),
    hasKeyPair(ec2, config.keyName),
  ]);
  const problems = [
    type && validateType(config, type),
    type && validateBaseImage(config, { type, image, baseImageId }),
    volumeId !== null && validateVolume(volumeId, volume, subnet),
    type && !subnet && explainMissingSubnet(config, volume),
    ...validateInstanceSettings(config, { type, subnet, vpcId, hasKey }),
  ].filter((problem) => typeof problem === 'string');
  if (problems.length > 0 || !image || !subnet) throw preflightError(problems);
  return { image, subnet, volume };
}

function findBaseImage(
  ec2: EC2Client,
  { architectures }: InstanceType,
  baseImageId: string | null,
): Promise<Image | null> {
  if (baseImageId !== null) return findImage(ec2, baseImageId);
  return findAmazonLinux(ec2, architectures.includes('arm64') ? 'arm64' : 'x86_64');
}

async function findBuilderSubnet(
  ec2: EC2Client,
  { subnetId, instanceType }: InstanceConfig,
  volume: Volume | null,
): Promise<Subnet | null> {
  if (subnetId) return findSubnet(ec2, subnetId);
  if (volume) return findDefaultSubnet(ec2, volume.zone);
  return findDefaultSubnetFor(ec2, instanceType);
}

function validateType({ instanceType }: InstanceConfig, type: InstanceType): string | null {
  if (type.hypervisor !== 'xen') return null;
  return `WAREHOUSE_INSTANCE_TYPE: a ${instanceType} shows its console too late; take one of AWS's Nitro system, such as a t3`;
}

function validateBaseImage(
  { instanceType }: InstanceConfig,
  found: { type: InstanceType; image: Image | null; baseImageId: string | null },
): string | null {
  const { type, image, baseImageId } = found;
  if (!image) return `there is no image ${baseImageId ?? 'of Amazon Linux 2023'} here`;
  if (type.architectures.includes(image.architecture)) return null;
  return `${image.id} is for ${image.architecture}, but a ${instanceType} for ${type.architectures.join(', ')}`;
}

function validateVolume(id: string, volume: Volume | null, subnet: Subnet | null): string | null {
  if (!volume) return `there is no volume ${id} here`;
  if (volume.attachedTo) return `the volume ${id} is attached to ${volume.attachedTo}`;
  if (!subnet || subnet.zone === volume.zone) return null;
  return `WAREHOUSE_SUBNET_ID: ${subnet.id} is in ${subnet.zone}, but the volume ${id} in ${volume.zone}`;
}

function explainMissingSubnet(
  { subnetId, instanceType }: InstanceConfig,
  volume: Volume | null,
): string {
  if (subnetId) return `WAREHOUSE_SUBNET_ID: there is no subnet ${subnetId} here`;
  if (volume) return `WAREHOUSE_SUBNET_ID must be set: ${volume.zone} has no default subnet`;
  return `WAREHOUSE_SUBNET_ID must be set: no zone here has both a default subnet and a ${instanceType}`;
}

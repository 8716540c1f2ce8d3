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
import type { ProvisionOptions, ProvisionPlan } from './provision-context.ts';

/**
 * Finds the image and the subnet of the builder, and the existing volume. Creates nothing.
 * @throws OperatorError with all settings and options whose resource does not exist or does not fit
 */
export async function planProvision(
  ec2: EC2Client,
  config: InstanceConfig,
  { baseImageId, volumeId }: ProvisionOptions,
): Promise<ProvisionPlan> {
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
  if (problems.length > 0 || !type || !image || !subnet) throw preflightError(problems);
  return { isBurstable: type.isBurstable, image, subnet, volume };
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
  return `WAREHOUSE_INSTANCE_TYPE: AWS shows the console of ${instanceType} too late. Set a type of the Nitro system, such as t3.large.`;
}

function validateBaseImage(
  { instanceType }: InstanceConfig,
  found: { type: InstanceType; image: Image | null; baseImageId: string | null },
): string | null {
  const { type, image, baseImageId } = found;
  if (!image) return `This region has no image ${baseImageId ?? 'of Amazon Linux 2023'}.`;
  if (type.architectures.includes(image.architecture)) return null;
  return `The image ${image.id} is for ${image.architecture}, but WAREHOUSE_INSTANCE_TYPE ${instanceType} is for ${type.architectures.join(', ')}.`;
}

function validateVolume(id: string, volume: Volume | null, subnet: Subnet | null): string | null {
  if (!volume) return `This region has no volume ${id}.`;
  if (volume.attachedTo) return `The volume ${id} is attached to ${volume.attachedTo}.`;
  if (!subnet || subnet.zone === volume.zone) return null;
  return `WAREHOUSE_SUBNET_ID: ${subnet.id} is in ${subnet.zone}, but the volume ${id} is in ${volume.zone}.`;
}

function explainMissingSubnet(
  { subnetId, instanceType }: InstanceConfig,
  volume: Volume | null,
): string {
  if (subnetId) return `WAREHOUSE_SUBNET_ID: This region has no subnet ${subnetId}.`;
  if (volume) return `WAREHOUSE_SUBNET_ID must be set: ${volume.zone} has no default subnet.`;
  return `WAREHOUSE_SUBNET_ID must be set: No availability zone of this region has both a default subnet and the instance type ${instanceType}.`;
}

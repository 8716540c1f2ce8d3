import { findImage, findInstanceType, type Image } from '../../aws/ec2/images.ts';
import {
  findDefaultSubnet,
  findVpcOfSecurityGroup,
  findSubnet,
  hasKeyPair,
} from '../../aws/ec2/network.ts';
import { findVolume, type Volume } from '../../aws/ec2/volumes.ts';
import { preflightError } from '../../cli/preflight.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import {
  type FoundInstanceSettings,
  validateInstanceSettings,
} from '../provision/validate-instance-settings.ts';
import { listLockHolders, formatLockHeld } from '../run/lock.ts';
import type { RunContext } from '../context.ts';
import type { Placement } from '../run/state.ts';
import type { WarehouseConfig } from '../settings.ts';

/** The resources that the settings name; null for each that does not exist. */
interface Found extends FoundInstanceSettings {
  volume: Volume | null;
  image: Image | null;
}

/**
 * Checks the settings, the source database and the bucket, before a run starts an instance. All checks are free.
 * @returns the zone, subnet, CPU credits and root volume of the instance
 * @throws OperatorError with all problems of the settings; with the first problem of source and bucket
 */
export async function preflightCheck(context: RunContext): Promise<Placement> {
  const { config, ec2 } = context;
  const [holder] = await listLockHolders(ec2, config.volumeId);
  if (holder) throw new OperatorError(formatLockHeld(config.volumeId, holder));
  const found = await findAll(context);
  const problems = problemsOf(config, found);
  const { volume, image, subnet, type } = found;
  if (problems.length > 0 || !volume || !image || !subnet || !type) {
    throw preflightError(problems);
  }
  await context.checkSourceAndBucket();
  const { isBurstable } = type;
  return { zone: volume.zone, subnetId: subnet.id, isBurstable, root: image.root };
}

async function findAll({ config, ec2 }: RunContext): Promise<Found> {
  const volume = await findVolume(ec2, config.volumeId);
  const [image, subnet, vpcId, type, hasKey] = await Promise.all([
    findImage(ec2, config.imageId),
    config.subnetId
      ? findSubnet(ec2, config.subnetId)
      : volume && findDefaultSubnet(ec2, volume.zone),
    findVpcOfSecurityGroup(ec2, config.securityGroup),
    findInstanceType(ec2, config.instanceType),
    hasKeyPair(ec2, config.keyName),
  ]);
  return { volume, image, subnet, vpcId, type, hasKey };
}

function problemsOf(config: WarehouseConfig, found: Found): string[] {
  return [
    problemOfVolume(config, found),
    problemOfImage(config, found),
    problemOfSubnet(config, found),
    ...validateInstanceSettings(config, found),
  ].filter((problem) => typeof problem === 'string');
}

function problemOfVolume({ volumeId }: WarehouseConfig, { volume }: Found): string | null {
  if (!volume) return `WAREHOUSE_VOLUME_ID: there is no volume ${volumeId} in this region`;
  if (volume.attachedTo) {
    const detach = `aws ec2 detach-volume --volume-id ${volumeId} --instance-id ${volume.attachedTo}`;
    return (
      `WAREHOUSE_VOLUME_ID: ${volumeId} is ${volume.attachment} to ${volume.attachedTo}. If this instance is ` +
      `ending, try again in a minute. If it belongs to no warehouse, unmount the volume there, then run: ${detach}`
    );
  }
  if (volume.state === 'available') return null;
  return `WAREHOUSE_VOLUME_ID: ${volumeId} is ${volume.state}, not available`;
}

function problemOfImage(config: WarehouseConfig, { image, type }: Found): string | null {
  if (!image) {
    return `WAREHOUSE_IMAGE_ID: there is no image ${config.imageId} for this account in this region`;
  }
  if (image.state !== 'available') {
    return `WAREHOUSE_IMAGE_ID: ${image.id} is ${image.state}, not available`;
  }
  if (!type || type.architectures.includes(image.architecture)) return null;
  return `WAREHOUSE_IMAGE_ID: ${image.id} is for ${image.architecture}, but a ${config.instanceType} for ${type.architectures.join(', ')}`;
}

function problemOfSubnet({ subnetId }: WarehouseConfig, { volume, subnet }: Found): string | null {
  if (subnetId && !subnet) return `WAREHOUSE_SUBNET_ID: there is no subnet ${subnetId} here`;
  if (!volume) return null;
  if (!subnet) return `WAREHOUSE_SUBNET_ID must be set: ${volume.zone} has no default subnet`;
  if (subnet.zone === volume.zone) return null;
  return `WAREHOUSE_SUBNET_ID: ${subnet.id} is in ${subnet.zone}, but the volume in ${volume.zone}`;
}

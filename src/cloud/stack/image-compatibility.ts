import type { EC2Client } from '@aws-sdk/client-ec2';
import {
  findImage,
  type Image,
  type InstanceType,
  listInstanceTypes,
} from '../../aws/ec2/images.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { formatImageCommand } from '../format-command.ts';
import { imageNotFoundError } from '../images.ts';
import { listTypeNames } from './instance-types.ts';
import type { ParameterValues } from './parameters.ts';

// The server and its database connections fit into this memory, and not into that of a nano instance.
const MEMORY_MIN_MIB = 1024;

/**
 * Asserts that instances of these types can be launched from this image. AWS itself would report it only after the other
 * resources are created.
 * @throws OperatorError when the image or a type does not exist, when their architectures differ, when a type has less
 *   than 1 GiB of memory, or when only some of the types spend CPU credits
 */
export async function assertImageCompatible(
  ec2: EC2Client,
  { ImageId = '', InstanceTypes = '' }: ParameterValues,
): Promise<void> {
  const names = listTypeNames(InstanceTypes);
  const [image, types] = await Promise.all([
    findImage(ec2, ImageId),
    listInstanceTypes(ec2, names),
  ]);
  if (!image) throw imageNotFoundError(ImageId);
  const unknown = names.find((name) => !types.some((type) => type.name === name));
  const problem =
    unknown === undefined
      ? (findImageProblem(image, types) ?? findTypeProblem(types))
      : `This region has no instance type ${unknown}.`;
  if (problem) throw new OperatorError(problem);
}

function findImageProblem(image: Image, types: InstanceType[]): string | null {
  if (image.state !== 'available') {
    return `The image ${image.id} is not available: ${image.state}.`;
  }
  const other = types.find(({ architectures }) => !architectures.includes(image.architecture));
  if (!other) return null;
  return (
    `The image ${image.id} is for ${image.architecture}, but a ${other.name} is ${other.architectures.join(', ')}. ` +
    `Run ${formatImageCommand(other.name)} to create another image, or set other InstanceTypes.`
  );
}

function findTypeProblem(types: InstanceType[]): string | null {
  const small = types.find(({ memoryMib }) => memoryMib < MEMORY_MIN_MIB);
  if (small) {
    return `A ${small.name} has ${small.memoryMib} MiB of memory, and MiniTwit needs ${MEMORY_MIN_MIB} MiB. Set other InstanceTypes.`;
  }
  // All types share a launch template with CPU credits, which AWS refuses for types without credits.
  const burstable = types.find(({ isBurstable }) => isBurstable);
  const steady = types.find(({ isBurstable }) => !isBurstable);
  if (!burstable || !steady) return null;
  return (
    `A ${burstable.name} spends CPU credits, and a ${steady.name} does not. AWS cannot launch both from one launch ` +
    'template. Set InstanceTypes of one kind.'
  );
}

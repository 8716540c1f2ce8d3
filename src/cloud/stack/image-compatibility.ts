import type { EC2Client } from '@aws-sdk/client-ec2';
import { findImage, findInstanceType } from '../../aws/ec2/images.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { formatImageCommand } from '../format-command.ts';
import type { ParameterValues } from './parameters.ts';

/**
 * Asserts that instances of this type can be launched from this image. AWS itself would report it only after the other
 * resources are created.
 * @throws OperatorError when the image or the type does not exist, or when their architectures differ
 */
export async function assertImageCompatible(
  ec2: EC2Client,
  { ImageId = '', InstanceType = '' }: ParameterValues,
): Promise<void> {
  const [image, type] = await Promise.all([
    findImage(ec2, ImageId),
    findInstanceType(ec2, InstanceType),
  ]);
  const problem = findProblem();
  if (problem) throw new OperatorError(problem);

  function findProblem(): string | null {
    if (!type) return `This region has no instance type ${InstanceType}.`;
    if (!image) {
      return `There is no image ${ImageId} in this region. Run ${formatImageCommand()} to create one.`;
    }
    if (image.state !== 'available') {
      return `The image ${ImageId} is not available: ${image.state}.`;
    }
    if (type.architectures.includes(image.architecture)) return null;
    return (
      `The image ${ImageId} is for ${image.architecture}, but a ${InstanceType} is ${type.architectures.join(', ')}. ` +
      `Run ${formatImageCommand(InstanceType)} to create another image, or set another InstanceType.`
    );
  }
}

import type { EC2Client } from '@aws-sdk/client-ec2';
import { findImage, findInstanceType } from '../../aws/ec2/images.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import type { ParameterValues } from './parameters.ts';

/**
 * Makes sure that instances of this type start from this image, which AWS itself finds out only when all else is made.
 * @throws OperatorError that says what does not fit
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
    if (!type) return `There are no instances of the type ${InstanceType} in this region.`;
    if (!image) return `There is no image ${ImageId} here. To make one: npm run cloud -- image`;
    if (image.state !== 'available')
      return `The image ${ImageId} is not available: ${image.state}.`;
    if (type.architectures.includes(image.architecture)) return null;
    return (
      `The image ${ImageId} is for ${image.architecture}, and a ${InstanceType} for ` +
      `${type.architectures.join(', ')}. Make one that fits (npm run cloud -- image --instance-type ${InstanceType}), ` +
      'or set another InstanceType.'
    );
  }
}

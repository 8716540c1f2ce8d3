import type { EC2Client } from '@aws-sdk/client-ec2';
import { assertConnectionsFit } from './connections-check.ts';
import { assertImageCompatible } from './image-compatibility.ts';
import { assertNetworkUsable } from './network-check.ts';
import type { ParameterValues } from './parameters.ts';

/**
 * Asserts that the parameters of a stack fit together, as far as a change concerns them. AWS itself would report it
 * minutes later, when the database exists.
 * @param changed the parameters that the change sets
 * @param values all parameters after the change
 * @throws OperatorError with what to set instead
 */
export async function assertParametersFit(
  ec2: EC2Client,
  changed: ParameterValues,
  values: ParameterValues,
): Promise<void> {
  const changes = (...names: string[]) => names.some((name) => name in changed);
  if (changes('InstanceCount', 'InstanceMaxCount', 'DatabaseClass')) assertConnectionsFit(values);
  if (changes('ImageId', 'InstanceTypes')) await assertImageCompatible(ec2, values);
  if (changes('SubnetIds', 'InstanceTypes')) await assertNetworkUsable(ec2, values);
}

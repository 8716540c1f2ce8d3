import type { InstanceType } from '../../aws/ec2/images.ts';
import type { Subnet } from '../../aws/ec2/network.ts';
import type { InstanceConfig } from '../settings.ts';

/** The resources that the settings of an instance name; null for a resource that does not exist. */
export interface FoundInstanceSettings {
  type: InstanceType | null;
  subnet: Subnet | null;
  /** The network of the security group. */
  vpcId: string | null;
  hasKey: boolean;
}

/** Returns the problems of the settings as sentences that begin with the setting. */
export function validateInstanceSettings(
  config: InstanceConfig,
  found: FoundInstanceSettings,
): string[] {
  return [
    validateSecurityGroup(config, found),
    !found.hasKey && `WAREHOUSE_KEY_NAME: This region has no key pair ${config.keyName}.`,
    !found.type &&
      `WAREHOUSE_INSTANCE_TYPE: This region has no instance type ${config.instanceType}.`,
  ].filter((problem) => typeof problem === 'string');
}

function validateSecurityGroup(
  { securityGroup }: InstanceConfig,
  found: FoundInstanceSettings,
): string | null {
  if (!found.vpcId)
    return `WAREHOUSE_SECURITY_GROUP: This region has no security group ${securityGroup}.`;
  if (!found.subnet || found.subnet.vpcId === found.vpcId) return null;
  return `WAREHOUSE_SECURITY_GROUP: ${securityGroup} is in ${found.vpcId}, but the subnet ${found.subnet.id} is in ${found.subnet.vpcId}.`;
}

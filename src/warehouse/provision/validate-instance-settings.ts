import type { InstanceType } from '../../aws/ec2/images.ts';
import type { Subnet } from '../../aws/ec2/network.ts';
import type { InstanceConfig } from '../settings.ts';

/** What there is of what the settings name for an instance; null for what there is not. */
export interface FoundInstanceSettings {
  type: InstanceType | null;
  subnet: Subnet | null;
  /** Of the security group. */
  vpcId: string | null;
  hasKey: boolean;
}

/** Says what is wrong with it, each in a line. */
export function validateInstanceSettings(
  config: InstanceConfig,
  found: FoundInstanceSettings,
): string[] {
  return [
    validateSecurityGroup(config, found),
    !found.hasKey && `WAREHOUSE_KEY_NAME: there is no key pair ${config.keyName} here`,
    !found.type &&
      `WAREHOUSE_INSTANCE_TYPE: there is no type ${config.instanceType} in this region`,
  ].filter((problem) => typeof problem === 'string');
}

function validateSecurityGroup(
  { securityGroup }: InstanceConfig,
  found: FoundInstanceSettings,
): string | null {
  if (!found.vpcId) return `WAREHOUSE_SECURITY_GROUP: there is no group ${securityGroup} here`;
  if (!found.subnet || found.subnet.vpcId === found.vpcId) return null;
  return `WAREHOUSE_SECURITY_GROUP: ${securityGroup} is of ${found.vpcId}, but ${found.subnet.id} of ${found.subnet.vpcId}`;
}

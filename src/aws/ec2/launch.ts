import {
  type EC2Client,
  RunInstancesCommand,
  type RunInstancesCommandInput,
} from '@aws-sdk/client-ec2';
import { z } from 'zod';
import { withAwsError } from '../errors.ts';
import type { RootVolume } from './images.ts';
import { type Instance, instanceSchema } from './instances.ts';
import { type Tags, tagSpecifications } from './tags.ts';

/** What kind of instance is started. */
export interface LaunchOptions {
  /** However often it is asked for with the same token, one instance is started. */
  token: string;
  imageId: string;
  /** The image's own volume, a copy of which the instance starts from: it goes when the instance ends. */
  root: RootVolume;
  instanceType: string;
  /** Of the key pair that opens it; nobody can log in without. */
  keyName?: string;
  /** Of the role that it has. */
  instanceProfile?: string;
  securityGroup: string;
  subnetId: string;
  /** Whether it has an address on the internet, whatever its subnet gives; as the subnet says where it is left out. */
  isPublic?: boolean;
  market: 'spot' | 'on-demand';
  /** What the instance runs as root when it first starts. */
  userData: string;
  tags: Tags;
}

/** The request for it: one instance that is gone for ever once it is shut down. */
export function runInstancesInput(launch: LaunchOptions): RunInstancesCommandInput {
  const spot = { SpotInstanceType: 'one-time', InstanceInterruptionBehavior: 'terminate' } as const;
  const { root } = launch;
  const size = root.sizeGib === null ? {} : { VolumeSize: root.sizeGib };
  return {
    ClientToken: launch.token,
    MinCount: 1,
    MaxCount: 1,
    ImageId: launch.imageId,
    InstanceType: launch.instanceType as NonNullable<RunInstancesCommandInput['InstanceType']>,
    ...(launch.keyName !== undefined && { KeyName: launch.keyName }),
    ...(launch.instanceProfile !== undefined && {
      IamInstanceProfile: { Name: launch.instanceProfile },
    }),
    ...networkInput(launch),
    UserData: Buffer.from(launch.userData).toString('base64'),
    InstanceInitiatedShutdownBehavior: 'terminate',
    BlockDeviceMappings: [
      { DeviceName: root.device, Ebs: { DeleteOnTermination: true, Encrypted: true, ...size } },
    ],
    MetadataOptions: { HttpTokens: 'required' },
    TagSpecifications: tagSpecifications(launch.tags, 'instance', 'volume'),
    ...(launch.market === 'spot' && {
      InstanceMarketOptions: { MarketType: 'spot', SpotOptions: spot },
    }),
  };
}

// AWS takes the wish for an address with an interface alone, and then all else about the network there, too
function networkInput({ isPublic, subnetId, securityGroup }: LaunchOptions) {
  if (isPublic === undefined) return { SecurityGroupIds: [securityGroup], SubnetId: subnetId };
  const placed = { DeviceIndex: 0, SubnetId: subnetId, Groups: [securityGroup] };
  return { NetworkInterfaces: [{ ...placed, AssociatePublicIpAddress: isPublic }] };
}

const launchAnswer = z.object({ Instances: z.tuple([instanceSchema]) });

/**
 * Starts an instance; it is still `pending` then.
 * @param signal ends the asking: AWS may have started it all the same, but will not do so later
 */
export async function launchInstance(
  ec2: EC2Client,
  launch: LaunchOptions,
  signal?: AbortSignal,
): Promise<Instance> {
  const options = signal ? { abortSignal: signal } : {};
  const request = ec2.send(new RunInstancesCommand(runInstancesInput(launch)), options);
  const answer = await withAwsError(
    `Cannot start a ${launch.instanceType} (${launch.market})`,
    request,
  );
  return launchAnswer.parse(answer).Instances[0];
}

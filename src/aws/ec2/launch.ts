import {
  type EC2Client,
  RunInstancesCommand,
  type RunInstancesCommandInput,
} from '@aws-sdk/client-ec2';
import { withAwsError } from '../errors.ts';
import type { Image } from './images.ts';
import { type Instance, instanceSchema } from './instances.ts';
import { tagSpecifications } from './tags.ts';
import type { Tags } from '../tags.ts';

/** An instance to launch. */
export interface LaunchOptions {
  /** The client token: AWS launches one instance for all requests with the same token. */
  token: string;
  imageId: string;
  /** The image's root volume. The instance's copy is deleted when the instance is terminated. */
  root: Image['root'];
  instanceType: string;
  /** Whether instances of this type spend CPU credits. */
  isBurstable: boolean;
  /** The name of the key pair for ssh. Without it, ssh is not possible. */
  keyName?: string;
  /** The name of the instance profile, whose role the instance has. */
  instanceProfile?: string;
  securityGroup: string;
  subnetId: string;
  /** Whether the instance has a public IPv4 address. By default, the subnet decides. */
  isPublic?: boolean;
  market: 'spot' | 'on-demand';
  /** The script that the instance runs as root at its first start. */
  userData: string;
  tags: Tags;
}

/** Returns the input of RunInstances: one instance that is terminated when it shuts down. */
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
    // By default, an instance without credits is billed for more of them. AWS refuses this field for other types.
    ...(launch.isBurstable && { CreditSpecification: { CpuCredits: 'standard' } }),
    ...(launch.market === 'spot' && {
      InstanceMarketOptions: { MarketType: 'spot', SpotOptions: spot },
    }),
  };
}

// AWS accepts the choice of a public address only as part of a network interface, which then has to have subnet and
// groups too.
function networkInput({ isPublic, subnetId, securityGroup }: LaunchOptions) {
  if (isPublic === undefined) return { SecurityGroupIds: [securityGroup], SubnetId: subnetId };
  const placed = { DeviceIndex: 0, SubnetId: subnetId, Groups: [securityGroup] };
  return { NetworkInterfaces: [{ ...placed, AssociatePublicIpAddress: isPublic }] };
}

/**
 * Launches an instance, which is still `pending`. Idempotent by its token.
 * @param signal ends the request and its retries. AWS may have launched the instance by then, but will not do so later.
 */
export async function launchInstance(
  ec2: EC2Client,
  launch: LaunchOptions,
  signal?: AbortSignal,
): Promise<Instance> {
  const options = signal ? { abortSignal: signal } : {};
  const request = ec2.send(new RunInstancesCommand(runInstancesInput(launch)), options);
  const attempt = `Cannot launch a ${launch.instanceType} (${launch.market})`;
  const { Instances } = await withAwsError(attempt, request);
  return instanceSchema.parse(Instances?.[0]);
}

import {
  CreateImageCommand,
  CreateTagsCommand,
  CreateVolumeCommand,
  DescribeImagesCommand,
  DescribeSubnetsCommand,
  RunInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import { tagSpecifications } from '../../../src/aws/ec2/tags.ts';
import { type Tags, WAREHOUSE_TAG } from '../../../src/aws/tags.ts';
import type { CloudContext } from '../../../src/cloud/context.ts';
import { COMMIT_TAG, IMAGE_TAG } from '../../../src/cloud/images.ts';
import { changeStack } from '../../../src/cloud/stack/change-stack.ts';
import { requireStack, type Stack } from '../../../src/cloud/stack/stack.ts';
import { renderTemplate } from '../../../src/cloud/stack/template.ts';
import { type EmulatedAccount, openEmulatedAccount } from '../../support/aws-account.ts';
import { type Emulated, emulate } from '../emulated.ts';
import { emulateVersions } from '../emulated/versions.ts';
import { openTestCloud, type TestCloud, type TestCloudOptions } from '../test-cloud.ts';

/** An empty account with commands. */
export interface OperationsFixture extends TestCloud {
  account: EmulatedAccount;
  emulated: Emulated;
}

/** Opens an empty account for this test. */
export async function createOperationsFixture(
  options?: TestCloudOptions,
): Promise<OperationsFixture> {
  const account = await openEmulatedAccount();
  const emulated = emulate(account);
  emulateVersions(account);
  return { ...openTestCloud(options), account, emulated };
}

/** Opens an account with an image and a stack with these parameters, see `createStack`. Its list of actions is empty. */
export async function createFixtureWithStack(
  parameters: Record<string, string> = {},
): Promise<OperationsFixture> {
  const fixture = await createOperationsFixture();
  const cloud = fixture.open();
  await createStack(cloud, await makeImage(cloud, '1.3.0'), parameters);
  fixture.account.actions.length = 0;
  return fixture;
}

let imageCount = 0;

/** Creates the newest image, as `cloud image` does, and returns its id. */
export async function makeImage(
  { clients: { ec2 } }: CloudContext,
  version: string,
): Promise<string> {
  const plain = { ImageId: 'ami-12c6146b', MinCount: 1, MaxCount: 1 };
  const { Instances } = await ec2.send(new RunInstancesCommand(plain));
  const id = Instances?.[0]?.InstanceId ?? '';
  const tags = { [IMAGE_TAG]: version, [COMMIT_TAG]: '0123456789abcdef' };
  const { ImageId = '' } = await ec2.send(
    new CreateImageCommand({
      InstanceId: id,
      Name: `minitwit-${String((imageCount += 1)).padStart(4, '0')}`,
      // The emulator cannot tag the snapshot as well.
      TagSpecifications: tagSpecifications(tags, 'image'),
    }),
  );
  const { Images } = await ec2.send(new DescribeImagesCommand({ ImageIds: [ImageId] }));
  const snapshots = Images?.[0]?.BlockDeviceMappings?.map(({ Ebs }) => Ebs?.SnapshotId ?? '');
  await tag(ec2, snapshots ?? [], IMAGE_TAG, version);
  await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
  return ImageId;
}

/** Creates the stack without initializing it. By default, it has our template and a volume for the warehouse. */
export async function createStack(
  cloud: CloudContext,
  imageId: string,
  { template, ...parameters }: Record<string, string> = {},
): Promise<Stack> {
  const { ec2 } = cloud.clients;
  const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand());
  const all: Record<string, string> = template
    ? {}
    : {
        ImageId: imageId,
        InstanceTypes: 't3.micro,t3a.micro',
        VpcId: Subnets[0]?.VpcId ?? '',
        SubnetIds: Subnets.slice(0, 2)
          .map(({ SubnetId }) => SubnetId)
          .join(),
        WarehouseVolumeGib: '20',
        WarehouseZone: 'us-east-1a',
        ...parameters,
      };
  await changeStack(cloud, null, {
    template: template ?? (await renderTemplate()),
    parameters: Object.entries(all).map(([ParameterKey, ParameterValue]) => ({
      ParameterKey,
      ParameterValue,
    })),
    dryRun: false,
  });
  const stack = await requireStack(cloud);
  const { WarehouseVolumeId } = stack.outputs;
  // The emulator's volumes have only the tags of their stack.
  await tag(ec2, WarehouseVolumeId ? [WarehouseVolumeId] : [], WAREHOUSE_TAG, cloud.stackName);
  return stack;
}

/** Creates a volume with these tags, and returns its id. */
export async function createVolume({ clients }: CloudContext, tags: Tags): Promise<string> {
  const { VolumeId = '' } = await clients.ec2.send(
    new CreateVolumeCommand({
      AvailabilityZone: 'us-east-1a',
      Size: 8,
      TagSpecifications: tagSpecifications(tags, 'volume'),
    }),
  );
  return VolumeId;
}

async function tag(
  ec2: CloudContext['clients']['ec2'],
  Resources: string[],
  Key: string,
  Value: string,
) {
  if (Resources.length === 0) return;
  await ec2.send(new CreateTagsCommand({ Resources, Tags: [{ Key, Value }] }));
}

/** Returns whether a request changes something. */
export function isChange(action: string): boolean {
  return !/:(Describe|List|Get|GET|HEAD)/.test(action);
}

/** Lists the requests that change something. */
export function changesOf({ actions }: EmulatedAccount): string[] {
  return actions.filter(isChange);
}

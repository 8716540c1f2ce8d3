import {
  CreateTagsCommand,
  CreateVolumeCommand,
  DescribeSubnetsCommand,
} from '@aws-sdk/client-ec2';
import { tagSpecifications } from '../../../src/aws/ec2/tags.ts';
import { type Tags, WAREHOUSE_TAG } from '../../../src/aws/tags.ts';
import type { CloudContext } from '../../../src/cloud/context.ts';
import { changeStack } from '../../../src/cloud/stack/change-stack.ts';
import { requireStack, type Stack } from '../../../src/cloud/stack/stack.ts';
import { renderTemplate } from '../../../src/cloud/stack/template.ts';
import { type EmulatedAccount, openEmulatedAccount } from '../../support/aws-account.ts';
import { type Emulated, emulate } from '../emulated.ts';
import { emulateVersions } from '../emulated/versions.ts';
import { makeImage } from '../make-image.ts';
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
  if (WarehouseVolumeId) {
    const Tags = [{ Key: WAREHOUSE_TAG, Value: cloud.stackName }];
    await ec2.send(new CreateTagsCommand({ Resources: [WarehouseVolumeId], Tags }));
  }
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

/** Returns whether a request changes something. */
export function isChange(action: string): boolean {
  return !/:(Describe|List|Get|GET|HEAD)/.test(action);
}

/** Lists the requests that change something. */
export function changesOf({ actions }: EmulatedAccount): string[] {
  return actions.filter(isChange);
}

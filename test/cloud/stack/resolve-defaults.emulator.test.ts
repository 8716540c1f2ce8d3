import {
  CreateTagsCommand,
  DeleteSubnetCommand,
  DescribeSubnetsCommand,
  RegisterImageCommand,
} from '@aws-sdk/client-ec2';
import { expect, test } from 'vitest';
import { createEc2 } from '../../../src/aws/clients.ts';
import { assertImageCompatible } from '../../../src/cloud/stack/image-compatibility.ts';
import { resolveDefaults } from '../../../src/cloud/stack/resolve-defaults.ts';
import { type EmulatedAccount, openEmulatedAccount } from '../../support/aws-account.ts';

/** Opens an account with an image of MiniTwit. */
async function openWithImage(architecture = 'x86_64') {
  const account = await openEmulatedAccount();
  // The emulator does not return the architecture of an image.
  account.stub('ec2:DescribeImages', async (_, pass) => {
    const { body, ...answer } = await pass();
    const described = `</imageId><architecture>${architecture}</architecture>`;
    return { ...answer, body: body.toString().replaceAll('</imageId>', described) };
  });
  const ec2 = createEc2();
  const { ImageId = '' } = await ec2.send(new RegisterImageCommand({ Name: 'minitwit-1' }));
  const Tags = [{ Key: 'minitwit:image', Value: '1.3.0' }];
  await ec2.send(new CreateTagsCommand({ Resources: [ImageId], Tags }));
  return { account, ec2, imageId: ImageId };
}

/** Makes the zones with these letters offer each instance type. */
function stubOfferings(account: EmulatedAccount, zonesOf: Record<string, string>): void {
  account.stub('ec2:DescribeInstanceTypeOfferings', ({ body }) => {
    const type = new URLSearchParams(body.toString()).get('Filter.1.Value.1') ?? '';
    const offerings = Array.from(
      zonesOf[type] ?? '',
      (letter) => `<item><location>us-east-1${letter}</location></item>`,
    );
    const set = `<instanceTypeOfferingSet>${offerings.join('')}</instanceTypeOfferingSet>`;
    return { status: 200, body: `<R>${set}</R>` };
  });
}

test('resolveDefaults returns the newest image, two zones with the preferred type, and the types that both offer', async () => {
  const { account, ec2, imageId } = await openWithImage();
  stubOfferings(account, { 't3.micro': 'bdf', 't3a.micro': 'abd', 't2.micro': 'abc' });
  const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand());
  const inZone = (zone: string) => Subnets.find((it) => it.AvailabilityZone === zone);
  expect(await resolveDefaults(ec2, {})).toEqual({
    ImageId: imageId,
    InstanceTypes: 't3.micro,t3a.micro',
    VpcId: Subnets[0]?.VpcId,
    SubnetIds: `${inZone('us-east-1b')?.SubnetId},${inZone('us-east-1d')?.SubnetId}`,
    WarehouseZone: 'us-east-1b',
  });
});

test('resolveDefaults returns zones that offer all types that are set', async () => {
  const { account, ec2 } = await openWithImage();
  stubOfferings(account, { 't3.small': 'abcd', 't3a.small': 'bdf' });
  const found = await resolveDefaults(ec2, { InstanceTypes: 't3.small,t3a.small' });
  expect(found).toMatchObject({
    InstanceTypes: 't3.small,t3a.small',
    WarehouseZone: 'us-east-1b',
  });
});

test('resolveDefaults returns types of the architecture of the image', async () => {
  const { ec2 } = await openWithImage('arm64');
  expect(await resolveDefaults(ec2, {})).toMatchObject({ InstanceTypes: 't4g.micro,t4g.small' });
});

test('resolveDefaults does not replace parameters that are set', async () => {
  const { ec2, imageId } = await openWithImage();
  const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand());
  const set = {
    ImageId: imageId,
    InstanceTypes: 'm6i.large',
    VpcId: 'vpc-2',
    SubnetIds: Subnets.map(({ SubnetId }) => SubnetId).join(','),
  };
  expect(await resolveDefaults(ec2, set)).toEqual({
    ...set,
    WarehouseZone: Subnets[0]?.AvailabilityZone,
  });
});

test.each([
  [{ VpcId: 'vpc-2' }, 'Set both VpcId and SubnetIds, or neither'],
  [{ SubnetIds: 'subnet-2' }, 'Set both VpcId and SubnetIds, or neither'],
  [{ VpcId: 'vpc-2', SubnetIds: 'subnet-2' }, 'There is no subnet subnet-2 in this region.'],
])('resolveDefaults rejects the network %j', async (set, message) => {
  const { ec2 } = await openWithImage();
  await expect(resolveDefaults(ec2, set)).rejects.toThrow(message);
});

test('without an image, the error has the command that creates one', async () => {
  await openEmulatedAccount();
  await expect(resolveDefaults(createEc2(), {})).rejects.toThrow(
    'Run npm run cloud -- image to create one.',
  );
});

test('without a default VPC, the error has the command that creates one', async () => {
  const { ec2 } = await openWithImage();
  const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand());
  for (const { SubnetId } of Subnets.slice(1)) {
    await ec2.send(new DeleteSubnetCommand({ SubnetId }));
  }
  await expect(resolveDefaults(ec2, { InstanceTypes: 't3.micro' })).rejects.toThrow(
    /no default VPC with subnets in two zones that offer t3\.micro.*aws ec2 create-default-vpc/,
  );
});

test('assertImageCompatible accepts an image of the architecture of the instance type', async () => {
  const { ec2, imageId } = await openWithImage('arm64');
  const fits = assertImageCompatible(ec2, {
    ImageId: imageId,
    InstanceTypes: 't4g.micro,t4g.small',
  });
  await expect(fits).resolves.toBeUndefined();
});

test.each([
  ['t3.micro', null, /^The image ami-\w+ is for arm64, but a t3\.micro is x86_64\. Run /],
  ['t9.micro', null, 'This region has no instance type t9.micro.'],
  [
    't4g.micro',
    'ami-2',
    'There is no image ami-2 in this region. Run npm run cloud -- image to create one.',
  ],
])('assertImageCompatible rejects a %s (%s)', async (InstanceTypes, other, message) => {
  const { ec2, imageId } = await openWithImage('arm64');
  const parameters = { ImageId: other ?? imageId, InstanceTypes };
  await expect(assertImageCompatible(ec2, parameters)).rejects.toThrow(message);
});

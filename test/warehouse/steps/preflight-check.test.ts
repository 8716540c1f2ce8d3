import { expect, test } from 'vitest';
import { run } from '../../../src/warehouse/commands/run.ts';
import { OperatorError } from '../../../src/errors/operator-error.ts';
import { createRunFixture, type RunFixture } from '../run/fixture.ts';

const cases: [string, (fixture: RunFixture) => void, RegExp][] = [
  [
    'an unknown volume',
    ({ context }) => (context.config.volumeId = 'vol-00000000'),
    /WAREHOUSE_VOLUME_ID: there is no volume vol-00000000 in this region$/,
  ],
  [
    'a volume that is attached to another instance',
    ({ aws: { account } }) => {
      const [volume] = account.volumes;
      const { id } = account.addInstance();
      if (volume) volume.attachment = { instanceId: id, device: '/dev/sdf', states: ['attached'] };
    },
    /vol-\w+ is attached to i-\w+\. .*aws ec2 detach-volume --volume-id vol-\w+ --instance-id i-\w+$/,
  ],
  [
    'a volume that is not available',
    ({ aws }) => aws.account.volumes.forEach((volume) => (volume.states = ['creating'])),
    /WAREHOUSE_VOLUME_ID: vol-\w+ is creating, not available$/,
  ],
  [
    'an unknown image',
    ({ context }) => (context.config.imageId = 'ami-00000000'),
    /WAREHOUSE_IMAGE_ID: there is no image ami-00000000 for this account in this region$/,
  ],
  [
    'an image that is not available',
    ({ context }) => (context.config.imageId = 'ami-0000000000000000b'),
    /WAREHOUSE_IMAGE_ID: ami-0000000000000000b is pending, not available$/,
  ],
  [
    'an image of another architecture',
    ({ context }) => (context.config.imageId = 'ami-0000000000000000a'),
    /ami-0000000000000000a is for arm64, but a t3.large for x86_64$/,
  ],
  [
    'an unknown instance type',
    ({ context }) => (context.config.instanceType = 'x9.huge'),
    /WAREHOUSE_INSTANCE_TYPE: This region has no instance type x9\.huge\.$/,
  ],
  [
    'a subnet in another zone',
    ({ context }) => (context.config.subnetId = 'subnet-0000000000000000b'),
    /subnet-0000000000000000b is in us-east-1b, but the volume in us-east-1a$/,
  ],
  [
    'a zone without a default subnet',
    ({ aws }) => aws.account.volumes.forEach((volume) => (volume.zone = 'us-east-1c')),
    /WAREHOUSE_SUBNET_ID must be set: us-east-1c has no default subnet$/,
  ],
  [
    'an unknown key pair',
    ({ context }) => (context.config.keyName = 'unknown'),
    /WAREHOUSE_KEY_NAME: This region has no key pair unknown\.$/,
  ],
  [
    'an unknown security group',
    ({ context }) => (context.config.securityGroup = 'sg-00000000'),
    /WAREHOUSE_SECURITY_GROUP: This region has no security group sg-00000000\.$/,
  ],
  [
    'a security group of another network',
    ({ aws }) => aws.account.groups.forEach((group) => (group.vpcId = 'vpc-2')),
    /sg-0123456789abcdef0 is in vpc-2, but the subnet subnet-0000000000000000a is in vpc-1\.$/,
  ],
  [
    'a source that does not answer',
    ({ context }) =>
      (context.checkSourceAndBucket = () => Promise.reject(new OperatorError('No source.'))),
    /^No source\.$/,
  ],
];

test.each(cases)(
  'a run with %s starts no instance, and fails with one message',
  async (_, change, message) => {
    const fixture = await createRunFixture();
    change(fixture);
    await expect(run(fixture.context, { keep: false })).rejects.toThrow(message);
    expect(fixture.aws.actions).not.toContain('RunInstances');
  },
);

test('one message contains all problems of the settings', async () => {
  const fixture = await createRunFixture();
  Object.assign(fixture.context.config, { imageId: 'ami-00000000', keyName: 'unknown' });
  await expect(run(fixture.context, { keep: false })).rejects.toThrow(
    /^Nothing was started\..*:\n {2}WAREHOUSE_IMAGE_ID: .*\n {2}WAREHOUSE_KEY_NAME: .*$/,
  );
});

import type { EC2Client } from '@aws-sdk/client-ec2';
import { expect, onTestFinished, test } from 'vitest';
import { createEc2 } from '../../../src/aws/clients.ts';
import { findInstanceType, listImages } from '../../../src/aws/ec2/images.ts';
import {
  readConsoleOutput,
  listInstances,
  terminateInstance,
} from '../../../src/aws/ec2/instances.ts';
import { launchInstance } from '../../../src/aws/ec2/launch.ts';
import {
  createImage,
  deregisterImage,
  stopInstanceAndWait,
} from '../../../src/aws/ec2/create-image.ts';
import {
  findVpcOfSecurityGroup,
  listDefaultSubnets,
  hasKeyPair,
  listZonesWith,
} from '../../../src/aws/ec2/network.ts';
import { deleteSnapshot, deleteVolume } from '../../../src/aws/ec2/removal.ts';
import { listPrivateSubnets } from '../../../src/aws/ec2/route-tables.ts';
import { createSnapshot, listSnapshots } from '../../../src/aws/ec2/snapshots.ts';
import { findSpotPrice, findSpotStatus } from '../../../src/warehouse/ec2/spot.ts';
import { addTags } from '../../../src/aws/ec2/tags.ts';
import {
  attachVolume,
  createVolume,
  detachVolume,
  listVolumes,
} from '../../../src/aws/ec2/volumes.ts';
import { createCommandContext, DEFAULT_TIMING } from '../../../src/cli/command-context.ts';
import { listRequests } from '../../support/list-aws-requests.ts';
import { expectAccessDenied, startEmptyAws } from '../../support/aws-access-denied.ts';

const context = createCommandContext({
  print: () => undefined,
  signal: new AbortController().signal,
  timing: { ...DEFAULT_TIMING, firstPauseMs: 1, waitMaxMs: 60_000 },
});
const LAUNCH = {
  token: 'run-1',
  imageId: 'ami-1',
  root: { device: '/dev/xvda', sizeGib: 8 },
  instanceType: 't3.micro',
  isBurstable: true,
  securityGroup: 'sg-1',
  subnetId: 'subnet-1',
  market: 'on-demand',
  userData: '',
  tags: {},
} as const;
const IMAGE = { instanceId: 'i-1', name: 'image', description: '', tags: {} };
const ATTACHMENT = { VolumeId: 'vol-1', InstanceId: 'i-1', Device: '/dev/sdf' };

type Call = (ec2: EC2Client) => Promise<unknown>;

/** A function that sends each request of `src/aws/ec2/` and `src/warehouse/ec2/`. */
const CALLS: Record<string, Call | Call[]> = {
  AttachVolume: (ec2) => attachVolume(ec2, ATTACHMENT),
  CreateImage: (ec2) => createImage(ec2, IMAGE, async () => []),
  CreateSnapshot: (ec2) => createSnapshot(ec2, { VolumeId: 'vol-1' }),
  CreateTags: (ec2) => addTags(ec2, ['vol-1'], { a: 'b' }),
  CreateVolume: (ec2) => createVolume(ec2, { AvailabilityZone: 'us-east-1a', Size: 1 }),
  DeleteSnapshot: (ec2) => deleteSnapshot(ec2, 'snap-1'),
  DeleteVolume: (ec2) => deleteVolume(ec2, 'vol-1'),
  DeregisterImage: (ec2) => deregisterImage(ec2, 'ami-1'),
  DescribeImages: (ec2) => listImages(ec2, 'self', []),
  DescribeInstanceTypeOfferings: (ec2) => listZonesWith(ec2, 't3.micro'),
  DescribeInstanceTypes: (ec2) => findInstanceType(ec2, 't3.micro'),
  DescribeInstances: (ec2) => listInstances(ec2, []),
  DescribeKeyPairs: (ec2) => hasKeyPair(ec2, 'operator'),
  DescribeRouteTables: (ec2) => listPrivateSubnets(ec2, []),
  DescribeSecurityGroups: (ec2) => findVpcOfSecurityGroup(ec2, 'sg-1'),
  DescribeSnapshots: (ec2) => listSnapshots(ec2, []),
  DescribeSpotInstanceRequests: (ec2) => findSpotStatus(ec2, 'sir-1'),
  DescribeSpotPriceHistory: (ec2) => findSpotPrice(ec2, 't3.micro', 'us-east-1a'),
  DescribeSubnets: listDefaultSubnets,
  DescribeVolumes: (ec2) => listVolumes(ec2, []),
  DetachVolume: (ec2) => detachVolume(ec2, 'vol-1', 'i-1'),
  GetConsoleOutput: (ec2) => readConsoleOutput(ec2, 'i-1'),
  RunInstances: (ec2) => launchInstance(ec2, LAUNCH),
  StopInstances: (ec2) => stopInstanceAndWait(ec2, 'i-1', context),
  TerminateInstances: (ec2) => terminateInstance(ec2, 'i-1'),
};

const requests = Object.entries(CALLS).flatMap(([name, calls]) =>
  [calls].flat().map((call) => [`ec2:${name}`, call] as const),
);

test('this file has every request of src/aws/ec2 and src/warehouse/ec2', () => {
  const names = requests.map(([name]) => name);
  expect(names.toSorted()).toEqual(listRequests('aws/ec2', 'warehouse/ec2').toSorted());
});

test.each(requests)(
  'a refused %s throws an error that names the IAM policy',
  async (name, call) => {
    const aws = await startEmptyAws();
    const ec2 = createEc2();
    onTestFinished(() => ec2.destroy());
    aws.fail(name, 'AccessDenied');
    await expectAccessDenied(() => call(ec2));
  },
);

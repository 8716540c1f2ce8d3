import { expect, test } from 'vitest';
import { planBuild } from '../../../src/cloud/image/plan.ts';
import { findNewestImage } from '../../../src/cloud/images.ts';
import { type AwsResponse, formatAwsError } from '../../support/aws-request.ts';
import { openWorld, type World } from './fixture.ts';

const BUILT_ON_PLAIN_LINUX = /MiniTwit \d+\.\d+\.\d+, commit [0-9a-f]{12}, on al2023-ami-2023/;

// The emulated account records the requests of S3 by their method.
const S3_METHODS: Record<string, string> = {
  CreateBucket: 'PUT',
  PutObject: 'PUT',
  DeleteObject: 'DELETE',
  DeleteBucket: 'DELETE',
};

/** Returns the requests that change something, in order. */
function changesOf({ account }: World): string[] {
  const requests = account.actions.map((action) => action.replace(/^.*:/, ''));
  return requests.filter((request) => !/^(Describe|List|GET|Get)/.test(request));
}

/** EC2's refusal in its own words. */
function says(code: string, message: string): AwsResponse {
  const body = `<Response><Errors><Error><Code>${code}</Code><Message>${message}</Message></Error></Errors></Response>`;
  return { status: 400, headers: { 'content-type': 'text/xml' }, body };
}

test('what is committed is built, on an instance without ssh access, and nothing else stays', async () => {
  const world = await openWorld();
  const { ec2 } = world.cloud.clients;
  const before = await world.list();
  const launched = new URLSearchParams();
  let stateAtEnd = '';

  const said = await world.build({
    'ec2:RunInstances': ({ body }, usual) => {
      for (const [name, value] of new URLSearchParams(body.toString())) launched.set(name, value);
      return usual();
    },
    'ec2:TerminateInstances': async (_, usual) => {
      stateAtEnd = (await findNewestImage(ec2))?.state ?? 'not there';
      return usual();
    },
  });

  expect(said).toBe('done');
  expect(world.lines[0]).toMatch(BUILT_ON_PLAIN_LINUX);
  expect(world.outputs).toEqual(['package-lock.json\nsrc/server.ts\nuserdata/image.sh\n']);
  expect(launched.has('KeyName')).toBe(false);
  expect(launched.get('IamInstanceProfile.Name')).toMatch(/^minitwit-builder-2/);
  expect(launched.get('MetadataOptions.HttpTokens')).toBe('required');
  expect(launched.get('BlockDeviceMapping.1.Ebs.Encrypted')).toBe('true');
  expect(launched.get('InstanceInitiatedShutdownBehavior')).toBe('terminate');
  expect(launched.get('NetworkInterface.1.AssociatePublicIpAddress')).toBe('true');
  expect(stateAtEnd).toBe('available');

  const image = await findNewestImage(ec2);
  const made = (await world.list()).filter((it) => !before.includes(it));
  expect(made).toEqual([image?.id, expect.stringMatching(/^snap-/)]);
  expect(image).toMatchObject({
    name: expect.stringMatching(/^minitwit-2/),
    version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
    commit: expect.stringMatching(/^[0-9a-f]{40}$/),
    tags: { 'minitwit:image': image?.version, 'minitwit:run': image?.name.slice(9) },
  });
  expect(world.lines).toContain(
    `The image ${image?.id} is ready. It has MiniTwit ${image?.version}, for x86_64 instances.`,
  );
});

test('a source that is not as it was, or that is refused to the builder, is not built', async () => {
  const world = await openWorld();
  const before = await world.list();
  const changed = await world.build({
    's3:GET 2': async (_, usual) => {
      const { body, ...answer } = await usual();
      return { ...answer, headers: {}, body: Buffer.concat([Buffer.from(body), Buffer.from('!')]) };
    },
  });
  expect(changed).toMatch(
    /^Installing MiniTwit on i-\w+ has failed: Failed\n.*checksum did NOT match/s,
  );
  const refused = await world.build({
    's3:GET 2': (asked) => formatAwsError(asked, 403, 'AccessDenied'),
  });
  expect(refused).toMatch(/^Installing MiniTwit on i-\w+ has failed: Failed\n.*403/s);
  expect(changed + refused).not.toMatch(/Signature|http/);
  expect(await world.list()).toEqual(before);
});

test('a role that is not known everywhere yet is waited for', async () => {
  const world = await openWorld();
  const tooNew = () =>
    says(
      'InvalidParameterValue',
      'Value (it) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name',
    );
  expect(await world.build({ 'ec2:RunInstances': tooNew, 'ec2:RunInstances 2': tooNew })).toBe(
    'done',
  );
  expect(world.lines.join('\n')).toContain('EC2 does not know the new role yet');
});

test('what stands against it is said, and nothing is begun', async () => {
  const world = await openWorld();
  const before = await world.list();
  const noSubnets = () => ({
    status: 200,
    headers: { 'content-type': 'text/xml' },
    body: '<DescribeSubnetsResponse><subnetSet/></DescribeSubnetsResponse>',
  });
  const nowhere = { 'ec2:DescribeSubnets': noSubnets };
  expect(await world.build({}, { instanceType: 'x9.huge' })).toMatch(
    /^Nothing was started\..*:\n {2}This region has no instance type x9\.huge\..*$/,
  );
  expect(await world.build({}, { instanceType: 'mac1.metal' })).toMatch(
    /no Amazon Linux 2023 for x86_64_mac, the architecture of mac1\.metal/,
  );
  expect(await world.build(nowhere)).toMatch(/No availability zone .*create-default-vpc/);
  // The account has no capacity left.
  const full = () => says('VcpuLimitExceeded', 'You have requested more vCPU capacity than …');
  expect(await world.build({ 'ec2:RunInstances': full })).toMatch(
    /^Cannot launch a t3.small .* AWS returned VcpuLimitExceeded: .*Service Quotas\.$/,
  );
  expect(await world.list()).toEqual(before);
});

test('an arm64 type is built on an Amazon Linux for arm64', async () => {
  const { cloud } = await openWorld();
  const { base } = await planBuild(cloud.clients.ec2, 't4g.small');
  expect(base.architecture).toBe('arm64');
});

test('a dry run prints each request of the build that changes something, and sends none of them', async () => {
  const world = await openWorld();
  world.account.actions.length = 0;
  expect(await world.build({}, { dryRun: true })).toBe('done');
  expect(changesOf(world)).toEqual([]);
  const planned = world.lines.flatMap((line) => /^([A-Z]\w+) \{/.exec(line)?.[1] ?? []);
  expect(world.lines.join('\n')).toContain('\nbash userdata/image.sh\n');
  expect(world.lines.at(-1)).toMatch(/^Nothing was changed\./);

  expect(await world.build()).toBe('done');
  expect(planned.map((action) => S3_METHODS[action] ?? action)).toEqual(changesOf(world));
});

import { expect, test } from 'vitest';
import { planBuild } from '../../../src/cloud/image/plan.ts';
import { findNewestImage } from '../../../src/cloud/images.ts';
import { type AwsResponse, formatAwsError } from '../../support/aws-request.ts';
import { createBuildFixture, type BuildFixture, type RequestHandler } from './fixture.ts';

const BUILT_ON_PLAIN_LINUX =
  /MiniTwit \d+\.\d+\.\d+, commit [0-9a-f]{12}, on Amazon Linux 2023\.12\.20260930 \(x86_64\)/;

// The emulated account records the requests of S3 by their method.
const S3_METHODS: Record<string, string> = {
  CreateBucket: 'PUT',
  PutObject: 'PUT',
  DeleteObject: 'DELETE',
  DeleteBucket: 'DELETE',
};

/** Returns the requests that change something, in order. */
function changesOf({ account }: BuildFixture): string[] {
  const requests = account.actions.map((action) => action.replace(/^.*:/, ''));
  return requests.filter((request) => !/^(Describe|List|GET|Get)/.test(request));
}

/** Formats an error of EC2. */
function formatEc2Error(code: string, message: string): AwsResponse {
  const body = `<Response><Errors><Error><Code>${code}</Code><Message>${message}</Message></Error></Errors></Response>`;
  return { status: 400, headers: { 'content-type': 'text/xml' }, body };
}

test('builds the commit on an instance without ssh access, and leaves only the image', async () => {
  const fixture = await createBuildFixture();
  const { ec2 } = fixture.cloud.clients;
  const before = await fixture.list();
  const launched = new URLSearchParams();
  let stateAtEnd = '';

  const outcome = await fixture.build({
    'ec2:RunInstances': ({ body }, pass) => {
      for (const [name, value] of new URLSearchParams(body.toString())) launched.set(name, value);
      return pass();
    },
    'ec2:TerminateInstances': async (_, pass) => {
      stateAtEnd = (await findNewestImage(ec2))?.state ?? 'not there';
      return pass();
    },
  });

  expect(outcome).toBe('done');
  expect(fixture.lines[0]).toMatch(BUILT_ON_PLAIN_LINUX);
  const releaseDays = Math.floor((Date.now() - Date.parse('2026-09-30')) / (24 * 3_600_000));
  expect(fixture.lines[1]).toBe(
    `The image gets the packages and security updates of this release, the newest one, from ${releaseDays} days ago.`,
  );
  expect(fixture.outputs).toEqual(['package-lock.json\nsrc/server.ts\nuserdata/image.sh\n']);
  expect(launched.has('KeyName')).toBe(false);
  expect(launched.get('IamInstanceProfile.Name')).toMatch(/^minitwit-builder-2/);
  expect(launched.get('MetadataOptions.HttpTokens')).toBe('required');
  expect(launched.get('BlockDeviceMapping.1.Ebs.Encrypted')).toBe('true');
  expect(launched.get('InstanceInitiatedShutdownBehavior')).toBe('terminate');
  expect(launched.get('NetworkInterface.1.AssociatePublicIpAddress')).toBe('true');
  expect(stateAtEnd).toBe('available');

  const image = await findNewestImage(ec2);
  const created = (await fixture.list()).filter((it) => !before.includes(it));
  expect(created).toEqual([image?.id, expect.stringMatching(/^snap-/)]);
  expect(image).toMatchObject({
    name: expect.stringMatching(/^minitwit-2/),
    version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
    commit: expect.stringMatching(/^[0-9a-f]{40}$/),
    tags: {
      'minitwit:image': image?.version,
      'minitwit:run': image?.name.slice(9),
      'minitwit:schema': expect.stringMatching(/^\d+$/),
    },
  });
  expect(fixture.lines).toContain(
    `The image ${image?.id} is ready. It has MiniTwit ${image?.version}, for x86_64 instances.`,
  );
});

test('a source with another checksum, or that the builder cannot download, is not built', async () => {
  const fixture = await createBuildFixture();
  const before = await fixture.list();
  const changed = await fixture.build({
    's3:GET 2': async (_, pass) => {
      const { body, ...response } = await pass();
      return {
        ...response,
        headers: {},
        body: Buffer.concat([Buffer.from(body), Buffer.from('!')]),
      };
    },
  });
  expect(changed).toMatch(
    /^Installing MiniTwit on i-\w+ has failed: Failed\n.*checksum did NOT match/s,
  );
  const refused = await fixture.build({
    's3:GET 2': (request) => formatAwsError(request, 403, 'AccessDenied'),
  });
  expect(refused).toMatch(/^Installing MiniTwit on i-\w+ has failed: Failed\n.*403/s);
  expect(changed + refused).not.toMatch(/Signature|http/);
  expect(await fixture.list()).toEqual(before);
});

test('waits until IAM knows the new role and its profile', async () => {
  const fixture = await createBuildFixture();
  const refuse: RequestHandler = (request) =>
    formatAwsError(
      request,
      404,
      'NoSuchEntity',
      'The role with name minitwit-builder cannot be found.',
    );
  const outcome = await fixture.build({
    'iam:PutRolePolicy': refuse,
    'iam:PutRolePolicy 2': refuse,
    'iam:AddRoleToInstanceProfile': refuse,
  });
  expect(outcome).toBe('done');
  expect(fixture.lines.join('\n')).toMatch(
    /^The role minitwit-builder-\S+: not known to IAM yet$/m,
  );
});

test('waits until EC2 knows the new role, and starts the agent of Systems Manager until its role is accepted', async () => {
  const fixture = await createBuildFixture();
  const refuse = (message: string) => () => formatEc2Error('InvalidParameterValue', message);
  const outcome = await fixture.build({
    'ec2:RunInstances': refuse(
      'Value (minitwit-builder) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name',
    ),
    'ec2:RunInstances 2': refuse(
      'IAM Instance Profile "arn:aws:iam::1:instance-profile/minitwit-builder" has no associated IAM Roles',
    ),
  });
  expect(outcome).toBe('done');
  expect(fixture.lines.join('\n')).toContain('EC2 does not know the new role yet');
  expect(await fixture.agents.at(-1)?.countStarts()).toBe(3);
});

test.each([
  ['t3.small', 'standard'],
  ['m5.large', null],
])('a builder of the type %s gets the CPU credits %s', async (instanceType, credits) => {
  const fixture = await createBuildFixture();
  let requested: string | null = 'unknown';
  const outcome = await fixture.build(
    {
      'ec2:RunInstances': ({ body }, pass) => {
        requested = new URLSearchParams(body.toString()).get('CreditSpecification.CpuCredits');
        return pass();
      },
    },
    { instanceType },
  );
  expect([outcome, requested]).toEqual(['done', credits]);
});

test('reports every problem before anything is created', async () => {
  const fixture = await createBuildFixture();
  const before = await fixture.list();
  const noSubnets = () => ({
    status: 200,
    headers: { 'content-type': 'text/xml' },
    body: '<DescribeSubnetsResponse><subnetSet/></DescribeSubnetsResponse>',
  });
  const nowhere = { 'ec2:DescribeSubnets': noSubnets };
  expect(await fixture.build({}, { instanceType: 'x9.huge' })).toMatch(
    /^Nothing was started\..*:\n {2}This region has no instance type x9\.huge\..*$/,
  );
  expect(await fixture.build({}, { instanceType: 'mac1.metal' })).toMatch(
    /no Amazon Linux 2023 for x86_64_mac, the architecture of mac1\.metal/,
  );
  expect(await fixture.build(nowhere)).toMatch(/No availability zone .*create-default-vpc/);
  // The account has no capacity left.
  const full = () =>
    formatEc2Error('VcpuLimitExceeded', 'You have requested more vCPU capacity than …');
  expect(await fixture.build({ 'ec2:RunInstances': full })).toMatch(
    /^Cannot launch a t3.small .* AWS returned VcpuLimitExceeded: .*Service Quotas\.$/,
  );
  expect(await fixture.list()).toEqual(before);
});

test('an arm64 type is built on an Amazon Linux for arm64', async () => {
  const { cloud } = await createBuildFixture();
  const { base } = await planBuild(cloud.clients, 't4g.small');
  expect(base.architecture).toBe('arm64');
});

test('a dry run prints each request of the build that changes something, and sends none of them', async () => {
  const fixture = await createBuildFixture();
  fixture.account.actions.length = 0;
  expect(await fixture.build({}, { dryRun: true })).toBe('done');
  expect(changesOf(fixture)).toEqual([]);
  const planned = fixture.lines.flatMap((line) => /^([A-Z]\w+) \{/.exec(line)?.[1] ?? []);
  expect(fixture.lines.join('\n')).toContain('\nbash userdata/image.sh\n');
  expect(fixture.lines.at(-1)).toMatch(/^Nothing was changed\./);

  expect(await fixture.build()).toBe('done');
  expect(planned.map((action) => S3_METHODS[action] ?? action)).toEqual(changesOf(fixture));
});

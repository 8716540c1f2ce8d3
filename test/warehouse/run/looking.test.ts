import { mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createEc2 } from '../../../src/aws/clients.ts';
import { dryRun } from '../../../src/warehouse/commands/dry-run.ts';
import { run } from '../../../src/warehouse/commands/run.ts';
import { status } from '../../../src/warehouse/commands/status.ts';
import { findVolume } from '../../../src/warehouse/ec2/volumes.ts';
import { makeWorld } from './world.ts';

test('a dry run says everything, asks whether it is allowed, and changes nothing', async () => {
  const world = await makeWorld();
  await dryRun(world.parts);
  const { account } = world.aws;
  expect(account.instances).toEqual([]);
  expect(account.snapshots).toEqual([]);
  expect(account.volumes).toMatchObject([{ attachment: null }]);
  expect(world.passed).toEqual([]);
  expect(await readdir(world.parts.folder)).toEqual([]);
  const said = world.lines.join('\n');
  expect(said).toContain(`"ImageId":"ami-0123456789abcdef0","InstanceType":"t3.large"`);
  expect(said).toContain('"UserData":"#!/bin/sh\\nshutdown -h +510\\n"');
  expect(said).toContain(`AttachVolume {"VolumeId":"${world.volumeId}"`);
  expect(said.match(/ {2}ec2:\w+: allowed/g)).toHaveLength(6);
  expect(said).not.toContain('not to be seen');
});

test('a dry run says all that is not allowed', async () => {
  const world = await makeWorld();
  world.aws.denied.add('AttachVolume').add('TerminateInstances');
  await expect(dryRun(world.parts)).rejects.toThrow(
    /^AWS does not allow ec2:AttachVolume, ec2:TerminateInstances: /,
  );
});

test('status says what there is and what it costs', async () => {
  const { parts, lines, volumeId } = await makeWorld();
  await status(parts.ec2, null, parts.print);
  expect(lines).toEqual(['There is nothing of the warehouse in us-east-1.']);
  await run(parts, { keep: false });
  await run(parts, { keep: true });
  lines.length = 0;
  await status(parts.ec2, volumeId, parts.print);
  expect(lines).toEqual([
    expect.stringMatching(
      /^i-\w+, a t3\.large, running for 0 min, .*, kept .*: \$0\.0882 an hour$/,
    ),
    expect.stringMatching(/^vol-\w+, 100 GiB .* attached to i-\w+: \$0\.0110 an hour$/),
    expect.stringMatching(/^vol-\w+, 8 GiB .*: \$0\.0009 an hour$/),
    expect.stringMatching(/^Together: \$0\.1000 an hour \(prices of/),
    expect.stringMatching(/^snap-\w+ of vol-/),
    expect.stringContaining('$0.05 a month'),
  ]);
});

test('a price that is not known is not made up; that of spot is what AWS says', async () => {
  const { aws, parts, lines } = await makeWorld();
  const tags = { 'minitwit:warehouse': 'vol-1', 'minitwit:run': 'r' };
  aws.account.addInstance({ type: 't9.new', tags });
  aws.account.addInstance({ type: 't9.new', tags, spotRequestId: 'sir-1' });
  await status(parts.ec2, null, parts.print);
  expect(lines.join('\n')).toMatch(/price unknown/);
  expect(lines.join('\n')).toMatch(/\$0\.0360 an hour/);
  expect(lines.join('\n')).toMatch(/Together: \$0\.0360 an hour, and what is unknown/);
});

test('elsewhere than where prices are known, it says about what; and which images there are', async () => {
  const { aws, parts, lines } = await makeWorld();
  const tags = { 'minitwit:warehouse': 'vol-1', 'minitwit:run': 'r' };
  aws.account.addInstance({ tags });
  const { id } = aws.account.addImage({ tags });
  process.env.AWS_REGION = 'eu-north-1';
  const ec2 = createEc2();
  onTestFinished(() => ec2.destroy());
  await status(ec2, null, parts.print);
  expect(lines[0]).toMatch(/: about \$0\.0882 an hour \(as in us-east-1\)$/);
  expect(lines[1]).toMatch(/^Together: about \$0\.0882 an hour \(as in us-east-1\) \(prices of/);
  expect(lines[2]).toMatch(new RegExp(`^${id}, the image minitwit-warehouse of vol-1, available`));
});

const noSettings = {
  AWS_ACCESS_KEY_ID: undefined,
  AWS_SECRET_ACCESS_KEY: undefined,
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_CONFIG_FILE: '/nowhere',
  AWS_SHARED_CREDENTIALS_FILE: '/nowhere',
};

test.each([
  ['no region', { AWS_REGION: undefined }, /^AWS needs to know the region: set AWS_REGION/],
  ['no credentials', {}, /CredentialsProviderError: .*set AWS_PROFILE, or log in/],
])('%s: one message says so', async (_, change, message) => {
  await makeWorld();
  for (const [name, value] of Object.entries({ ...noSettings, ...change })) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  const folder = await mkdtemp(join(tmpdir(), 'warehouse-'));
  process.env.HOME = folder;
  const ec2 = createEc2();
  onTestFinished(() => ec2.destroy());
  await expect(findVolume(ec2, 'vol-00000000')).rejects.toThrow(message);
});

test('an endpoint that nobody listens at: one message says so', async () => {
  await makeWorld();
  process.env.AWS_ENDPOINT_URL = 'http://127.0.0.1:9';
  const ec2 = createEc2();
  onTestFinished(() => ec2.destroy());
  await expect(findVolume(ec2, 'vol-00000000')).rejects.toThrow(
    /^Cannot look at the volume vol-00000000: AWS cannot be reached \(.*ECONNREFUSED/,
  );
});

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { REGION_MISSING } from '../../../src/aws/errors.ts';
import { findVolume } from '../../../src/aws/ec2/volumes.ts';
import { run } from '../../../src/warehouse/commands/run.ts';
import { status } from '../../../src/warehouse/commands/status.ts';
import { openEc2, stubEnvironment } from '../../support/ec2-client.ts';
import { createRunFixture } from '../run/fixture.ts';

test('status lists the resources and their cost', async () => {
  const { context, lines, volumeId } = await createRunFixture();
  await status(context.ec2, null, context.print);
  expect(lines).toEqual(['There are no resources of a warehouse in us-east-1.']);
  await run(context, { keep: false });
  await run(context, { keep: true });
  lines.length = 0;
  await status(context.ec2, volumeId, context.print);
  expect(lines).toEqual([
    expect.stringMatching(
      /^i-\w+, a t3\.large, running for 0 min, .*, left running .*: \$0\.0882 an hour$/,
    ),
    expect.stringMatching(/^vol-\w+, 100 GiB .* attached to i-\w+: \$0\.0110 an hour$/),
    expect.stringMatching(/^vol-\w+, 8 GiB .*: \$0\.0009 an hour$/),
    expect.stringMatching(/^Total: \$0\.1000 an hour \(prices of/),
    expect.stringMatching(/^snap-\w+ of vol-/),
    expect.stringContaining('$0.05 a month'),
  ]);
});

test('status prints the current spot price of AWS, and no price for an unknown type', async () => {
  const { aws, context, lines } = await createRunFixture();
  const tags = { 'minitwit:warehouse': 'vol-1', 'minitwit:run': 'r' };
  aws.account.addInstance({ type: 't9.new', tags });
  aws.account.addInstance({ type: 't9.new', tags, spotRequestId: 'sir-1' });
  await status(context.ec2, null, context.print);
  expect(lines.join('\n')).toMatch(/price unknown/);
  expect(lines.join('\n')).toMatch(/\$0\.0360 an hour/);
  expect(lines.join('\n')).toMatch(/Total: \$0\.0360 an hour, plus the unknown prices/);
});

test('status lists images, and marks prices as approximate outside us-east-1', async () => {
  const { aws, context, lines } = await createRunFixture();
  const tags = { 'minitwit:warehouse': 'vol-1', 'minitwit:run': 'r' };
  aws.account.addInstance({ tags });
  const { id } = aws.account.addImage({ tags });
  stubEnvironment({ AWS_REGION: 'eu-north-1' });
  const ec2 = openEc2();
  await status(ec2, null, context.print);
  expect(lines[0]).toMatch(/: about \$0\.0882 an hour \(as in us-east-1\)$/);
  expect(lines[1]).toMatch(/^Total: about \$0\.0882 an hour \(as in us-east-1\) \(prices of/);
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
  ['no region', { AWS_REGION: undefined }, REGION_MISSING],
  ['an empty region', { AWS_REGION: '' }, REGION_MISSING],
  ['no credentials', {}, /CredentialsProviderError: .*Set AWS_PROFILE, or log in/],
])('a request with %s fails with one message', async (_, change, message) => {
  await createRunFixture();
  const folder = await mkdtemp(join(tmpdir(), 'warehouse-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  stubEnvironment({ ...noSettings, HOME: folder, ...change });
  const ec2 = openEc2();
  await expect(findVolume(ec2, 'vol-00000000')).rejects.toThrow(message);
});

test('an endpoint at which no server listens is reported in one message', async () => {
  await createRunFixture();
  stubEnvironment({ AWS_ENDPOINT_URL: 'http://127.0.0.1:9' });
  const ec2 = openEc2();
  await expect(findVolume(ec2, 'vol-00000000')).rejects.toThrow(
    /^Cannot read the volume vol-00000000: AWS cannot be reached \(.*ECONNREFUSED/,
  );
});

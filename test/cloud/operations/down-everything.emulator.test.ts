import { randomBytes } from 'node:crypto';
import { CreateSnapshotCommand, RunInstancesCommand } from '@aws-sdk/client-ec2';
import { CreateBucketCommand, PutBucketTaggingCommand } from '@aws-sdk/client-s3';
import { expect, test, vi } from 'vitest';
import { tagSpecifications } from '../../../src/aws/ec2/tags.ts';
import { createRunId } from '../../../src/cli/run-id.ts';
import type { CloudContext } from '../../../src/cloud/context.ts';
import { down } from '../../../src/cloud/commands/down.ts';
import { expectEmptyAccount, listAccount } from './empty-account.ts';
import { createOperationsFixture, createVolume } from './fixture.ts';
import { makeImage } from '../make-image.ts';

const everything = { everything: true, dryRun: false, prompt: async () => 'minitwit' };
const OF_WAREHOUSE = { 'minitwit:warehouse': 'vol-1' };
const OF_STACK = { 'minitwit:stack': 'minitwit' };

/** Starts a build as `image` does, without completing it. Returns the id of the run. */
async function beginImage({ clients }: CloudContext, at: number): Promise<string> {
  const tags = { 'minitwit:image': 'builder', 'minitwit:run': createRunId(new Date(at)) };
  const one = { ImageId: 'ami-12c6146b', MinCount: 1, MaxCount: 1 };
  const TagSpecifications = tagSpecifications(tags, 'instance');
  await clients.ec2.send(new RunInstancesCommand({ ...one, TagSpecifications }));
  return tags['minitwit:run'];
}

test('`cloud down --everything` removes a second resource after the first one took an hour', async () => {
  const fixture = await createOperationsFixture();
  const cloud = fixture.open();
  for (const tags of [OF_STACK, {}]) await createVolume(cloud, { ...OF_WAREHOUSE, ...tags });
  let passedMs = 0;
  const now = performance.now.bind(performance);
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => now() + passedMs);
  fixture.account.stub('ec2:DeleteVolume', (_, pass) => {
    passedMs += 3_600_000;
    return pass();
  });
  await down(cloud, everything);
  clock.mockRestore();
  await expectEmptyAccount(cloud);
});

test('`cloud down --everything` marks resources that do not belong to this stack', async () => {
  const fixture = await createOperationsFixture();
  const cloud = fixture.open();
  const ours = await createVolume(cloud, { ...OF_WAREHOUSE, ...OF_STACK });
  const others = [await createVolume(cloud, OF_WAREHOUSE), await makeImage(cloud, '1.3.0')];
  await down(cloud, { ...everything, dryRun: true });
  const lineOf = (id: string) => fixture.lines.find((line) => line.includes(id));
  expect(lineOf(ours)).toMatch(/available$/);
  for (const id of others) expect(lineOf(id)).toMatch(/, of no stack$/);
});

test('`cloud down --everything` finds the bucket of a stack with a long name, and no bucket of another stack', async () => {
  const fixture = await createOperationsFixture();
  const name = 'A-blog-of-which-the-name-is-longer-than-buckets-may-be-called-at-all';
  const cloud = fixture.open(name);
  const { s3 } = cloud.clients;
  // A bucket name is unique across all accounts.
  const [ours = '', others = ''] = Array.from(
    { length: 2 },
    () => `a-blog-of-which-the-name-is-l-warehousebuck-${randomBytes(6).toString('hex')}`,
  );
  for (const [Bucket, Value] of [
    [ours, name],
    [others, `${name}-2`],
  ] as const) {
    await s3.send(new CreateBucketCommand({ Bucket }));
    const Tagging = { TagSet: [{ Key: 'minitwit:stack', Value }] };
    await s3.send(new PutBucketTaggingCommand({ Bucket, Tagging }));
  }
  await down(cloud, { ...everything, prompt: async () => name });
  expect(await listAccount(cloud)).toEqual({ buckets: [others] });
});

test('`cloud down` names the content of each bucket', async () => {
  const fixture = await createOperationsFixture();
  const cloud = fixture.open();
  const Bucket = `minitwit-accesslogbucket-${randomBytes(6).toString('hex')}`;
  await cloud.clients.s3.send(new CreateBucketCommand({ Bucket }));
  const tags = { ...OF_STACK, 'minitwit:bucket': 'access-logs' };
  const TagSet = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  await cloud.clients.s3.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet } }));
  await down(cloud, { ...everything, dryRun: true });
  expect(fixture.lines).toContain(`  ${Bucket}  bucket of the access logs, 0.0 GiB`);
  await down(fixture.open(), everything);
  await expectEmptyAccount(cloud);
});

test('`cloud down` removes all other resources of an interrupted image when one cannot be removed', async () => {
  const fixture = await createOperationsFixture();
  const cloud = fixture.open();
  const volume = await createVolume(cloud, { ...OF_WAREHOUSE, ...OF_STACK });
  await beginImage(cloud, Date.now() - 3 * 3_600_000);
  fixture.account.fail('ec2:DeleteVolume', 'AccessDenied');
  await expect(down(cloud, everything)).rejects.toThrow(
    /continue to cost:\n {2}vol-.*AccessDenied/,
  );
  expect(await listAccount(cloud)).toEqual({ volumes: [volume] });

  await beginImage(cloud, Date.now() - 3 * 3_600_000);
  fixture.account.fail('ec2:TerminateInstances', 'AccessDenied');
  await expect(down(cloud, everything)).rejects.toThrow(
    /continue to cost:\n {2}vol-[^]*\nNot everything could be undone:\n {2}Cannot/,
  );
});

test('`cloud down --everything` names and retains an image that may still be created', async () => {
  const fixture = await createOperationsFixture();
  const cloud = fixture.open();
  const runId = await beginImage(cloud, Date.now());
  const { volumes = [] } = await listAccount(cloud);
  const TagSpecifications = tagSpecifications({ 'minitwit:image': 'builder' }, 'snapshot');
  const snapshot = new CreateSnapshotCommand({ VolumeId: volumes[0], TagSpecifications });
  const { SnapshotId } = await cloud.clients.ec2.send(snapshot);
  await down(cloud, everything);
  expect(await listAccount(cloud)).toMatchObject({ snapshots: [SnapshotId] });
  expect(fixture.lines.slice(-3)).toEqual([
    'Remaining resources of minitwit:',
    `  ${runId}  an image that another process may be creating`,
    'When that image is complete or cancelled, run npm run cloud -- down again.',
  ]);
});

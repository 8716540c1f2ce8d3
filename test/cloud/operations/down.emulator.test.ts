import { CreateSnapshotCommand } from '@aws-sdk/client-ec2';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { tagSpecifications } from '../../../src/aws/ec2/tags.ts';
import { down } from '../../../src/cloud/commands/down.ts';
import { expectEmptyAccount, listAccount } from './empty-account.ts';
import { changesOf, createOperationsFixture, createStack } from './fixture.ts';
import { makeImage } from '../make-image.ts';

const plain = { everything: false, dryRun: false, prompt: async () => 'minitwit' };
const everything = { ...plain, everything: true };

test('`cloud down` removes the stack and prints the retained resources, and --everything removes those, too', async () => {
  const fixture = await createOperationsFixture();
  const { account, lines } = fixture;
  let cloud = fixture.open();
  await expectEmptyAccount(cloud);
  const image = await makeImage(cloud, '1.3.0');
  const { outputs } = await createStack(cloud, image);
  const { WarehouseVolumeId: volume = '', WarehouseBucket: bucket = '' } = outputs;
  const { SnapshotId: snapshot = '' } = await cloud.clients.ec2.send(
    new CreateSnapshotCommand({
      VolumeId: volume,
      TagSpecifications: tagSpecifications({ 'minitwit:warehouse': volume }, 'snapshot'),
    }),
  );
  for (const Body of ['first', 'second']) {
    await cloud.clients.s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'runs/1', Body }));
  }

  account.actions.length = 0;
  cloud = fixture.open();
  await down(cloud, { ...plain, dryRun: true });
  expect(changesOf(account)).toEqual([]);
  await expect(down(cloud, { ...plain, prompt: async () => 'twit' })).rejects.toThrow(
    'The answer is not minitwit. Nothing was removed.',
  );
  expect(changesOf(account)).toEqual([]);

  cloud = fixture.open();
  await down(cloud, plain);
  const left = await listAccount(cloud);
  const [last = ''] = left.databaseSnapshots ?? [];
  expect(left).toMatchObject({ volumes: [volume], images: [image], buckets: [bucket] });
  expect(Object.keys(left).toSorted()).toEqual([
    'buckets',
    'databaseSnapshots',
    'images',
    'snapshots',
    'volumes',
  ]);
  const shown = lines.slice(lines.indexOf('Remaining resources of minitwit:'));
  for (const id of [last, volume, image, bucket, snapshot]) {
    expect(shown.join('\n')).toContain(id);
  }
  expect(shown.join('\n')).toContain('at most $1.60 a month');
  expect(lines).toContain(`The newest snapshot of the database is ${last}.`);

  cloud = fixture.open();
  await down(cloud, everything);
  expect(lines).toContain('There is no stack minitwit in this region.');
  expect(lines.at(-1)).toBe('No resources of minitwit remain.');
  await expectEmptyAccount(cloud);
});

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateImageCommand, type EC2Client, RunInstancesCommand } from '@aws-sdk/client-ec2';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { findImage } from '../../../src/aws/ec2/images.ts';
import { deleteVolume } from '../../../src/aws/ec2/removal.ts';
import { tagSpecifications } from '../../../src/aws/ec2/tags.ts';
import type { Tags } from '../../../src/aws/tags.ts';
import { createVolume, findVolume } from '../../../src/aws/ec2/volumes.ts';
import { createCommandContext } from '../../../src/cli/command-context.ts';
import { cleanup } from '../../../src/warehouse/commands/cleanup.ts';
import { lockFolder, originTag } from '../../../src/warehouse/run/lock.ts';
import { type WarehouseContext, TIMING } from '../../../src/warehouse/context.ts';
import { ORIGIN_TAG, resourceTags, UNFINISHED } from '../../../src/warehouse/tags.ts';
import { openEmulatedAccount } from '../../support/aws-account.ts';
import { open } from './volumes.ts';

let ec2: EC2Client;
let printed: string[];
let context: WarehouseContext;

beforeEach(async () => {
  await openEmulatedAccount();
  ec2 = open();
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-cleanup-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  printed = [];
  const print = (line: string) => printed.push(line);
  const { signal } = new AbortController();
  context = createCommandContext({ ec2, folder, print, signal, timing: TIMING });
  // This gives the folder its id.
  (await lockFolder(folder)).release();
});

/** Creates the resources of a provision that was killed just before its end. */
async function leaveBehind(run: string, from: string): Promise<{ image: string; volume: string }> {
  const tags: Tags = { ...resourceTags(UNFINISHED, run), [ORIGIN_TAG]: from };
  const volume = await createVolume(ec2, {
    AvailabilityZone: 'us-east-1a',
    Size: 20,
    TagSpecifications: tagSpecifications(tags, 'volume'),
  });
  const { Instances } = await ec2.send(
    new RunInstancesCommand({
      ImageId: 'ami-12c6146b',
      MinCount: 1,
      MaxCount: 1,
      TagSpecifications: tagSpecifications(tags, 'instance'),
    }),
  );
  const { ImageId: image = '' } = await ec2.send(
    // The emulator cannot tag the snapshot as well.
    new CreateImageCommand({
      InstanceId: Instances?.[0]?.InstanceId,
      Name: run,
      TagSpecifications: tagSpecifications(tags, 'image'),
    }),
  );
  return { image, volume };
}

test('cleanup removes the instance, the image and the volume of a killed provision', async () => {
  const ours = await leaveBehind('20261123T001500Z-0001', originTag(context.folder));
  const others = await leaveBehind('20261123T001500Z-0002', 'another machine');
  await cleanup(context, null);
  expect(await findVolume(ec2, ours.volume)).toBeNull();
  expect(await findImage(ec2, ours.image)).toBeNull();
  expect(await findVolume(ec2, others.volume)).toMatchObject({ state: 'available' });
  expect(await findImage(ec2, others.image)).toMatchObject({ state: 'available' });
  expect(printed).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^Terminating i-\w+, of the run 20261123T001500Z-0001/),
      expect.stringMatching(`Deleting the unfinished volume ${ours.volume}`),
    ]),
  );
  await cleanup(context, '20261123T001500Z-0002');
  expect(await findVolume(ec2, others.volume)).toBeNull();
});

test('cleanup removes an unfinished image whose volume does not exist', async () => {
  const { image, volume } = await leaveBehind('20261123T001500Z-0003', originTag(context.folder));
  await deleteVolume(ec2, volume);
  await cleanup(context, null);
  expect(await findImage(ec2, image)).toBeNull();
});

test('cleanup retains the volume of a finished warehouse', async () => {
  const tags = { ...resourceTags('vol-1', 'run'), [ORIGIN_TAG]: originTag(context.folder) };
  const volume = await createVolume(ec2, {
    AvailabilityZone: 'us-east-1a',
    Size: 20,
    TagSpecifications: tagSpecifications(tags, 'volume'),
  });
  await cleanup(context, null);
  expect(printed.at(-1)).toBe('There is nothing to clean up.');
  expect(await findVolume(ec2, volume)).toMatchObject({ state: 'available' });
});

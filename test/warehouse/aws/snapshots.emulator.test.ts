import { randomBytes } from 'node:crypto';
import { CreateSnapshotCommand, type EC2Client, RegisterImageCommand } from '@aws-sdk/client-ec2';
import { beforeEach, expect, test } from 'vitest';
import { listSnapshots } from '../../../src/aws/ec2/snapshots.ts';
import { tagFilter } from '../../../src/aws/ec2/tags.ts';
import { createCommandContext } from '../../../src/cli/command-context.ts';
import { TIMING, type WarehouseContext } from '../../../src/warehouse/context.ts';
import { printSnapshots, pruneSnapshots } from '../../../src/warehouse/commands/snapshots.ts';
import { WAREHOUSE_TAG } from '../../../src/aws/tags.ts';
import { openEmulatedAccount } from '../../support/aws-account.ts';
import { answering, makeVolume, open, refusal, RUN, snap } from './volumes.ts';

const { signal } = new AbortController();
let ec2: EC2Client;
let printed: string[];
let context: WarehouseContext;

beforeEach(async () => {
  await openEmulatedAccount();
  ec2 = open();
  printed = [];
  context = createCommandContext({
    ec2,
    folder: '',
    print: (line: string) => printed.push(line),
    signal,
    timing: TIMING,
  });
});

async function idsLeft(): Promise<string[]> {
  return (await listSnapshots(ec2, [tagFilter(WAREHOUSE_TAG)])).map(({ id }) => id);
}

test('`snapshots` lists only the snapshots of warehouses, without those of an image', async () => {
  await printSnapshots(context);
  expect(printed.splice(0)).toEqual(['There are no snapshots yet. Each run takes one.']);
  const volumeId = await makeVolume();
  const id = await snap(volumeId);
  await snap(volumeId, 'provision');
  await ec2.send(new CreateSnapshotCommand({ VolumeId: volumeId }));
  await printSnapshots(context);
  expect(printed).toEqual([
    expect.stringMatching(/^TIME \(UTC\) +SNAPSHOT +VOLUME +SIZE +STATE +RUN$/),
    expect.stringMatching(
      new RegExp(
        `^\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d  ${id}  ${volumeId}  20 GiB  completed  ${RUN}$`,
      ),
    ),
  ]);
});

test('`snapshots prune` prints the old snapshots before it deletes them', async () => {
  const volumeId = await makeVolume();
  for (let i = 0; i < 3; i++) await snap(volumeId);
  const before = await idsLeft();
  let saidBefore = 0;
  const client = answering({
    DeleteSnapshot: () => {
      saidBefore ||= printed.length;
    },
  });
  await pruneSnapshots({ ...context, ec2: client }, 1);
  expect(await idsLeft()).toEqual(before.slice(0, 1));
  expect(saidBefore).toBe(4);
  expect(printed[0]).toBe('Deleting these snapshots:');
  expect(printed[2]).toContain(before[1]);
  expect(printed.at(-1)).toBe('Deleted 2 of 2.');
  await pruneSnapshots(context, 1);
  expect(printed.at(-1)).toBe('There is no snapshot to delete beyond the newest 1.');
});

test('`snapshots prune` retains and names a snapshot that is in use', async () => {
  const volumeId = await makeVolume();
  for (let i = 0; i < 4; i++) await snap(volumeId);
  const [newest = '', imaged = '', copied = '', taken = ''] = await idsLeft();
  const { ImageId } = await ec2.send(
    new RegisterImageCommand({
      Name: `an-image-${randomBytes(4).toString('hex')}`,
      BlockDeviceMappings: [{ DeviceName: '/dev/sda1', Ebs: { SnapshotId: imaged } }],
    }),
  );
  const client = answering({
    DescribeImages: ({ Filters }) => ({
      Images: JSON.stringify(Filters).includes(imaged)
        ? [{ ImageId, State: 'available', Architecture: 'x86_64' }]
        : [],
    }),
    DescribeVolumes: ({ Filters }) =>
      JSON.stringify(Filters).includes(copied) && JSON.stringify(Filters).includes('creating')
        ? {
            Volumes: [
              {
                VolumeId: 'vol-new',
                State: 'creating',
                AvailabilityZone: 'z',
                Size: 1,
                VolumeType: 'gp3',
                CreateTime: new Date(),
              },
            ],
          }
        : undefined,
    DeleteSnapshot: ({ SnapshotId }) => {
      if (SnapshotId === taken) throw refusal('InvalidSnapshot.InUse');
    },
  });
  await pruneSnapshots({ ...context, ec2: client }, 1);
  expect(printed).toContain(`${imaged} is retained: the image ${ImageId} uses it.`);
  expect(printed).toContain(`${copied} is retained: the volume vol-new is being created from it.`);
  expect(printed).toContain(`${taken} is retained: AWS reports that it is in use.`);
  expect(printed.at(-1)).toBe('Deleted 0 of 1.');
  expect(await idsLeft()).toEqual([newest, imaged, copied, taken]);
});

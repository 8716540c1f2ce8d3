import { randomBytes } from 'node:crypto';
import {
  CreateSnapshotCommand,
  DeleteSnapshotCommand,
  RegisterImageCommand,
} from '@aws-sdk/client-ec2';
import { afterAll, beforeEach, expect, test, vi } from 'vitest';
import { createEc2 } from '../../../src/aws/clients.ts';
import { type Snapshot, listSnapshots } from '../../../src/aws/ec2/snapshots.ts';
import { tagFilter } from '../../../src/aws/ec2/tags.ts';
import {
  chooseOld,
  printSnapshots,
  pruneSnapshots,
} from '../../../src/warehouse/commands/snapshots.ts';
import { tagsOf, WAREHOUSE_TAG } from '../../../src/warehouse/tags.ts';
import { useAwsEmulator } from '../../support/use-aws-emulator.ts';
import { answering, makeVolume, refusal, RUN, snap } from './volumes.ts';

useAwsEmulator();
// the snapshots and images of a region for this file alone: it looks at all that there are
vi.stubEnv('AWS_REGION', 'us-west-1');

const ec2 = createEc2();
const { signal } = new AbortController();
let printed: string[];
let parts: { ec2: typeof ec2; print: (line: string) => void; signal: AbortSignal };

afterAll(() => ec2.destroy());
beforeEach(async () => {
  printed = [];
  parts = { ec2, print: (line) => printed.push(line), signal };
  for (const { id } of await listSnapshots(ec2, [tagFilter(WAREHOUSE_TAG)])) {
    await ec2.send(new DeleteSnapshotCommand({ SnapshotId: id }));
  }
});

async function idsLeft(): Promise<string[]> {
  return (await listSnapshots(ec2, [tagFilter(WAREHOUSE_TAG)])).map(({ id }) => id);
}

test('snapshots are listed with what they are; those of others and of our image are not', async () => {
  await printSnapshots(parts);
  expect(printed.splice(0)).toEqual(['There are no snapshots yet: each run takes one.']);
  const volumeId = await makeVolume();
  const id = await snap(volumeId);
  await snap(volumeId, 'provision');
  await ec2.send(new CreateSnapshotCommand({ VolumeId: volumeId }));
  await printSnapshots(parts);
  expect(printed).toEqual([
    expect.stringMatching(/^TIME \(UTC\) +SNAPSHOT +VOLUME +SIZE +STATE +RUN$/),
    expect.stringMatching(
      new RegExp(
        `^\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d  ${id}  ${volumeId}  20 GiB  completed  ${RUN}$`,
      ),
    ),
  ]);
});

/** A snapshot of some days ago. */
function old(days: number, volumeId = 'vol-1', state = 'completed'): Snapshot {
  return {
    id: `snap-${days}`,
    state,
    progress: '',
    volumeId,
    sizeGib: 1,
    startedAt: new Date(1e12 - days * 864e5),
    runId: null,
    tags: tagsOf(volumeId, RUN),
  };
}

test.for([
  [2, [old(1), old(2), old(3), old(4)], ['snap-3', 'snap-4']],
  [12, [old(1), old(2)], []],
  // never the newest
  [0, [old(1), old(2)], ['snap-2']],
  // what is not complete is neither deleted nor counted
  [1, [old(1, 'vol-1', 'pending'), old(2), old(3), old(4, 'vol-1', 'error')], ['snap-3']],
  // each volume has its own
  [1, [old(1), old(2, 'vol-2'), old(3), old(4, 'vol-2')], ['snap-3', 'snap-4']],
] as const)('to keep %d is to delete the older ones', ([keep, snapshots, expected]) => {
  expect(chooseOld([...snapshots], keep).map(({ id }) => id)).toEqual(expected);
});

test('older ones are said, then deleted', async () => {
  const volumeId = await makeVolume();
  for (let i = 0; i < 3; i++) await snap(volumeId);
  const before = await idsLeft();
  let saidBefore = 0;
  const client = answering({
    DeleteSnapshot: () => {
      saidBefore ||= printed.length;
    },
  });
  await pruneSnapshots({ ...parts, ec2: client }, 1);
  expect(await idsLeft()).toEqual(before.slice(0, 1));
  expect(saidBefore).toBe(4);
  expect(printed[0]).toBe('These are deleted:');
  expect(printed[2]).toContain(before[1]);
  expect(printed.at(-1)).toBe('Deleted 2 of 2.');
  await pruneSnapshots(parts, 1);
  expect(printed.at(-1)).toBe('There is nothing to delete beyond the newest 1.');
});

test('one that is in use stays, whoever knows of it, and that is said', async () => {
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
  await pruneSnapshots({ ...parts, ec2: client }, 1);
  expect(printed).toContain(`${imaged} stays: the image ${ImageId} is made of it.`);
  expect(printed).toContain(`${copied} stays: the volume vol-new is being made of it.`);
  expect(printed).toContain(`${taken} stays: AWS says that it is in use.`);
  expect(printed.at(-1)).toBe('Deleted 0 of 1.');
  expect(await idsLeft()).toEqual([newest, imaged, copied, taken]);
});

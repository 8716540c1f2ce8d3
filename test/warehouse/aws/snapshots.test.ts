import { randomBytes } from 'node:crypto';
import {
  CreateSnapshotCommand,
  CreateVolumeCommand,
  DeleteSnapshotCommand,
  DescribeVolumesCommand,
  RegisterImageCommand,
} from '@aws-sdk/client-ec2';
import { afterAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { createEc2 } from '../../../src/aws/clients.ts';
import { restoreVolume } from '../../../src/warehouse/commands/restore.ts';
import {
  chooseOld,
  printSnapshots,
  pruneSnapshots,
} from '../../../src/warehouse/commands/snapshots.ts';
import { type Snapshot, listSnapshots } from '../../../src/warehouse/ec2/snapshots.ts';
import { tagSpecifications, tagsOf } from '../../../src/warehouse/ec2/tags.ts';
import { useAwsEmulator } from '../../support/use-aws-emulator.ts';

useAwsEmulator();

const run = '20261123T001500Z-3f9a';
const ec2 = createEc2();
const { signal } = new AbortController();
let printed: string[];
let parts: { ec2: typeof ec2; print: (line: string) => void; signal: AbortSignal };

afterAll(() => ec2.destroy());
beforeEach(async () => {
  printed = [];
  parts = { ec2, print: (line) => printed.push(line), signal };
  for (const { id } of await listSnapshots(ec2)) {
    await ec2.send(new DeleteSnapshotCommand({ SnapshotId: id }));
  }
});

async function makeVolume(zone = 'us-east-1b'): Promise<string> {
  const { VolumeId = '' } = await ec2.send(
    new CreateVolumeCommand({
      AvailabilityZone: zone,
      Size: 20,
      VolumeType: 'gp2',
      Encrypted: true,
    }),
  );
  return VolumeId;
}

/** Makes a snapshot that is older than those before it, since moto has them all in the same second. */
async function snap(volumeId: string, warehouse = volumeId): Promise<string> {
  const TagSpecifications = tagSpecifications(tagsOf(warehouse, run), 'snapshot');
  const { SnapshotId = '' } = await ec2.send(
    new CreateSnapshotCommand({ VolumeId: volumeId, TagSpecifications }),
  );
  return SnapshotId;
}

async function idsLeft(): Promise<string[]> {
  return (await listSnapshots(ec2)).map(({ id }) => id);
}

type Answer = (input: Record<string, unknown>) => unknown;

/** A client for which something else answers some commands, where it does. */
function answering(answers: Record<string, Answer>) {
  const client = createEc2();
  onTestFinished(() => client.destroy());
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        const output = await answers[commandName.replace('Command', '')]?.(
          args.input as Record<string, unknown>,
        );
        return output === undefined ? next(args) : { output: output as never, response: null };
      },
    { step: 'initialize' },
  );
  return client;
}

function refusal(name: string): Error {
  return Object.assign(new Error('no'), { name, $metadata: {} });
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
        `^\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d  ${id}  ${volumeId}  20 GiB  completed  ${run}$`,
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
    description: '',
    runId: null,
    tags: tagsOf(volumeId, run),
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
    DescribeImages: () => ({
      Images: [{ ImageId, BlockDeviceMappings: [{ Ebs: { SnapshotId: imaged } }] }],
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

test('a snapshot becomes an encrypted volume in the zone of the old one, and of its type', async () => {
  const volumeId = await makeVolume('us-east-1c');
  const snapshotId = await snap(volumeId);
  const id = await restoreVolume({ ...parts, snapshotId, volumeId, zone: null });
  const { Volumes } = await ec2.send(new DescribeVolumesCommand({ VolumeIds: [id] }));
  expect(Volumes?.[0]).toMatchObject({
    AvailabilityZone: 'us-east-1c',
    Encrypted: true,
    Size: 20,
    SnapshotId: snapshotId,
    State: 'available',
    VolumeType: 'gp2',
  });
  expect(Volumes?.[0]?.Tags).toContainEqual({ Key: 'minitwit:run', Value: run });
  expect(printed.at(-1)).toBe(`WAREHOUSE_VOLUME_ID=${id}`);
});

test('where the old volume is gone, the zone is asked for', async () => {
  const snapshotId = await snap(await makeVolume());
  const gone = { ...parts, snapshotId, volumeId: 'vol-0123456789abcdef0' };
  await expect(restoreVolume({ ...gone, zone: null })).rejects.toThrow(
    'Say in which zone, such as --zone us-east-1a: vol-0123456789abcdef0 is not there.',
  );
  const id = await restoreVolume({ ...gone, zone: 'us-east-1a' });
  const { Volumes } = await ec2.send(new DescribeVolumesCommand({ VolumeIds: [id] }));
  expect(Volumes?.[0]).toMatchObject({ AvailabilityZone: 'us-east-1a', VolumeType: 'gp3' });
});

test('a snapshot that is not there is told', async () => {
  const snapshotId = 'snap-0123456789abcdef0';
  await expect(
    restoreVolume({ ...parts, snapshotId, volumeId: null, zone: 'us-east-1a' }),
  ).rejects.toThrow(/^There is no snapshot snap-0123456789abcdef0 here/);
});

/** Restores where the new volume is never available. */
async function restoreBadly(state: string, answers: Record<string, Answer> = {}) {
  const volumeId = await makeVolume();
  const snapshotId = await snap(volumeId);
  const made: string[] = [];
  const controller = new AbortController();
  const client = answering({
    DescribeVolumes: ({ VolumeIds }) => {
      const [id = ''] = VolumeIds as string[];
      if (id === volumeId) return undefined;
      made.push(id);
      if (state === 'creating') controller.abort(new Error('Somebody pressed Ctrl-C.'));
      const CreateTime = new Date();
      const place = { AvailabilityZone: 'us-east-1b', Size: 20, VolumeType: 'gp2', CreateTime };
      return { Volumes: [{ VolumeId: id, State: state, ...place }] };
    },
    ...answers,
  });
  const all = { ...parts, ec2: client, signal: controller.signal };
  const restored = restoreVolume({ ...all, snapshotId, volumeId, zone: null });
  const error = await restored.then(
    () => null,
    (reason: Error) => reason.message,
  );
  const filter = { Name: 'volume-id', Values: made };
  const { Volumes } = await ec2.send(new DescribeVolumesCommand({ Filters: [filter] }));
  return { error, made: made[0], left: Volumes?.map(({ VolumeId }) => VolumeId) };
}

test('a volume that cannot be made is deleted again', async () => {
  const { error, made, left } = await restoreBadly('error');
  expect(error).toBe(`AWS could not make the volume ${made}.`);
  expect(left).toEqual([]);
});

test('so is one that somebody no longer waits for, as soon as AWS lets it be deleted', async () => {
  let refusals = 0;
  const { error, left } = await restoreBadly('creating', {
    DeleteVolume: () => {
      if (refusals++ === 0) throw refusal('IncorrectState');
    },
  });
  expect(error).toBe('Somebody pressed Ctrl-C.');
  expect(left).toEqual([]);
  expect(refusals).toBe(2);
});

test('one that cannot be deleted either is named, and how to delete it', async () => {
  const { error, made } = await restoreBadly('error', {
    DeleteVolume: () => {
      throw refusal('UnauthorizedOperation');
    },
  });
  expect(error).toContain(`AWS could not make the volume ${made}.`);
  expect(error).toContain(`aws ec2 delete-volume --volume-id ${made}`);
});

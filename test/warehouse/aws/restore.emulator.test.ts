import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DescribeVolumesCommand, type EC2Client } from '@aws-sdk/client-ec2';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { findVolume } from '../../../src/aws/ec2/volumes.ts';
import { createCommandContext } from '../../../src/cli/command-context.ts';
import { cleanup } from '../../../src/warehouse/commands/cleanup.ts';
import { restoreVolume } from '../../../src/warehouse/commands/restore-volume.ts';
import { type WarehouseContext, TIMING } from '../../../src/warehouse/context.ts';
import { openEmulatedAccount } from '../../support/aws-account.ts';
import { type Answer, answering, makeVolume, open, refusal, snap } from './volumes.ts';

const { signal } = new AbortController();
let ec2: EC2Client;
let printed: string[];
let context: WarehouseContext;

beforeEach(async () => {
  await openEmulatedAccount();
  ec2 = open();
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-restore-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  printed = [];
  const timing = { ...TIMING, firstPauseMs: 1, visibilityTimeoutMs: 200 };
  context = createCommandContext({
    ec2,
    folder,
    timing,
    print: (line: string) => printed.push(line),
    signal,
  });
});

test('the restored volume is encrypted, with the zone and type of the old volume', async () => {
  const volumeId = await makeVolume('us-east-1c');
  const snapshotId = await snap(volumeId);
  const id = await restoreVolume(context, { snapshotId, volumeId, zone: null });
  const { Volumes } = await ec2.send(new DescribeVolumesCommand({ VolumeIds: [id] }));
  expect(Volumes?.[0]).toMatchObject({
    AvailabilityZone: 'us-east-1c',
    Encrypted: true,
    Size: 20,
    SnapshotId: snapshotId,
    State: 'available',
    VolumeType: 'gp2',
  });
  expect(Volumes?.[0]?.Tags).toContainEqual({ Key: 'minitwit:warehouse', Value: id });
  expect(printed.at(-1)).toBe(`WAREHOUSE_VOLUME_ID=${id}`);
});

test('`restore` needs a zone when the old volume does not exist', async () => {
  const snapshotId = await snap(await makeVolume());
  const gone = { snapshotId, volumeId: 'vol-0123456789abcdef0' };
  await expect(restoreVolume(context, { ...gone, zone: null })).rejects.toThrow(
    'Name a zone, such as --zone us-east-1a, since vol-0123456789abcdef0 does not exist.',
  );
  const id = await restoreVolume(context, { ...gone, zone: 'us-east-1a' });
  const { Volumes } = await ec2.send(new DescribeVolumesCommand({ VolumeIds: [id] }));
  expect(Volumes?.[0]).toMatchObject({ AvailabilityZone: 'us-east-1a', VolumeType: 'gp3' });
});

test('`restore` reports an unknown snapshot', async () => {
  const snapshotId = 'snap-0123456789abcdef0';
  await expect(
    restoreVolume(context, { snapshotId, volumeId: null, zone: 'us-east-1a' }),
  ).rejects.toThrow(/^There is no snapshot snap-0123456789abcdef0 in this region/);
});

/** Runs a restore in which the new volume never becomes available. */
async function restoreBadly(state: string, answers: Record<string, Answer> = {}) {
  const volumeId = await makeVolume();
  const snapshotId = await snap(volumeId);
  const made: string[] = [];
  const controller = new AbortController();
  const client = answering({
    DescribeVolumes: ({ VolumeIds }) => {
      const [id = ''] = (VolumeIds ?? []) as string[];
      if (id === '' || id === volumeId) return undefined;
      made.push(id);
      if (state === 'creating') controller.abort(new Error('The operator pressed Ctrl-C.'));
      const CreateTime = new Date();
      const place = { AvailabilityZone: 'us-east-1b', Size: 20, VolumeType: 'gp2', CreateTime };
      return { Volumes: [{ VolumeId: id, State: state, ...place }] };
    },
    ...answers,
  });
  const all = { ...context, ec2: client, signal: controller.signal };
  const restored = restoreVolume(all, { snapshotId, volumeId, zone: null });
  const error = await restored.then(
    () => null,
    (reason: Error) => reason.message,
  );
  const filter = { Name: 'volume-id', Values: made };
  const { Volumes } = await ec2.send(new DescribeVolumesCommand({ Filters: [filter] }));
  return { error, made: made[0], left: Volumes?.map(({ VolumeId }) => VolumeId) };
}

test('a volume whose creation fails is deleted', async () => {
  const { error, made, left } = await restoreBadly('error');
  expect(error).toMatch(
    new RegExp(`^AWS could not create the volume ${made}. If .* KMS key, .*: kms:CreateGrant, `),
  );
  expect(left).toEqual([]);
});

test('a volume is deleted when the response to its creation is lost', async () => {
  const volumeId = await makeVolume();
  const snapshotId = await snap(volumeId);
  let made = '';
  const client = answering({
    CreateVolume: async () => {
      made = await makeVolume();
      throw refusal('TimeoutError');
    },
    DescribeVolumes: ({ Filters }) => {
      if (!Filters) return undefined;
      const place = { AvailabilityZone: 'us-east-1b', Size: 20, VolumeType: 'gp2' };
      return {
        Volumes: [{ VolumeId: made, State: 'available', CreateTime: new Date(), ...place }],
      };
    },
  });
  const restored = restoreVolume({ ...context, ec2: client }, { snapshotId, volumeId, zone: null });
  await expect(restored).rejects.toThrow(/AWS cannot be reached/);
  expect(await findVolume(ec2, made)).toBeNull();
});

test('cleanup deletes the volume of a killed restore', async () => {
  const volumeId = await makeVolume();
  const snapshotId = await snap(volumeId);
  const dead = answering({
    DeleteVolume: () => {
      throw refusal('UnauthorizedOperation');
    },
    CreateTags: () => {
      throw refusal('UnauthorizedOperation');
    },
  });
  const restored = restoreVolume({ ...context, ec2: dead }, { snapshotId, volumeId, zone: null });
  await expect(restored).rejects.toThrow('This may still exist: the volume vol-');
  const id = /vol-\w+(?= from snap)/.exec(printed.join('\n'))?.[0] ?? '';
  expect(await findVolume(ec2, id)).toMatchObject({ state: 'available' });
  await cleanup(context, null);
  expect(await findVolume(ec2, id)).toBeNull();
});

test('the restored volume has the type and IOPS of the old one', async () => {
  const volumeId = await makeVolume('us-east-1b', { VolumeType: 'io2', Iops: 500 });
  const snapshotId = await snap(volumeId);
  const inputs: unknown[] = [];
  const client = answering({ CreateVolume: (input) => void inputs.push(input) });
  await restoreVolume({ ...context, ec2: client }, { snapshotId, volumeId, zone: null });
  expect(inputs).toMatchObject([{ VolumeType: 'io2', Iops: 500, Throughput: undefined }]);
});

test('a volume whose restore is stopped is deleted as soon as AWS permits', async () => {
  let refusals = 0;
  const { error, left } = await restoreBadly('creating', {
    DeleteVolume: () => {
      if (refusals++ === 0) throw refusal('IncorrectState');
    },
  });
  expect(error).toBe('The operator pressed Ctrl-C.');
  expect(left).toEqual([]);
  expect(refusals).toBe(2);
});

test('a volume that cannot be deleted is named, with the command that deletes it', async () => {
  const { error, made } = await restoreBadly('error', {
    DeleteVolume: () => {
      throw refusal('UnauthorizedOperation');
    },
  });
  expect(error).toContain(`AWS could not create the volume ${made}.`);
  expect(error).toContain(`aws ec2 delete-volume --volume-id ${made}`);
});

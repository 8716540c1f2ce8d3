import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateKeyPairCommand,
  CreateSecurityGroupCommand,
  DescribeVolumesCommand,
  type EC2Client,
} from '@aws-sdk/client-ec2';
import mysql from 'mysql2/promise';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { createEc2 } from '../../../src/aws/clients.ts';
import type { DatabaseConfig } from '../../../src/config.ts';
import { cleanup } from '../../../src/warehouse/commands/cleanup.ts';
import { finish } from '../../../src/warehouse/commands/finish.ts';
import { provision } from '../../../src/warehouse/commands/provision.ts';
import { restoreVolume } from '../../../src/warehouse/commands/restore.ts';
import { run } from '../../../src/warehouse/commands/run.ts';
import { printSnapshots } from '../../../src/warehouse/commands/snapshots.ts';
import { findImage } from '../../../src/warehouse/ec2/images.ts';
import { listInstances } from '../../../src/warehouse/ec2/instances.ts';
import { listSnapshots } from '../../../src/warehouse/ec2/snapshots.ts';
import { tagFilter, WAREHOUSE_TAG } from '../../../src/warehouse/ec2/tags.ts';
import { listVolumes } from '../../../src/warehouse/ec2/volumes.ts';
import { startMysql, stopMysql } from '../../../src/warehouse/instance/mysql.ts';
import { mountVolume, unmountVolume } from '../../../src/warehouse/instance/volume.ts';
import { type Base, PACE, type Parts } from '../../../src/warehouse/run/run.ts';
import type { InstanceConfig } from '../../../src/warehouse/settings.ts';
import { connectOverSsh } from '../../../src/warehouse/ssh/ssh.ts';
import { useAwsEmulator } from '../../support/use-aws-emulator.ts';
import { type Cloud, openCloud } from './cloud.ts';

let cloud: Cloud;
let ec2: EC2Client;
let folder: string;
let config: InstanceConfig;
let settings: { imageId: string; volumeId: string };
const said: string[] = [];

beforeAll(async () => {
  cloud = await openCloud(inject('aws'));
  folder = await mkdtemp(join(tmpdir(), 'minitwit-cycle-'));
  useAwsEmulator(cloud.url);
  // an action may take as long as a machine takes to start
  ec2 = createEc2(120_000);
  await ec2.send(new CreateKeyPairCommand({ KeyName: 'operator' }));
  const group = { GroupName: 'warehouse', Description: 'ssh alone' };
  const { GroupId = '' } = await ec2.send(new CreateSecurityGroupCommand(group));
  const ssh = { IpProtocol: 'tcp', FromPort: 22, ToPort: 22, CidrIp: '203.0.113.0/24' };
  await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, ...ssh }));
  config = {
    volumeDevice: '/dev/sdf',
    mountDir: '/mysql-db',
    keyName: 'operator',
    keyFile: cloud.keyFile,
    securityGroup: GroupId,
    instanceType: 't3.large',
    subnetId: null,
    market: 'on-demand',
    sshUser: 'ec2-user',
    hostKey: 'console',
    maxHours: 8,
  };
});
afterAll(async () => {
  ec2.destroy();
  await cloud.close();
  await rm(folder, { recursive: true });
});

const base = (): Base => ({
  ec2,
  folder,
  print: (line) => void said.push(line),
  signal: new AbortController().signal,
  pace: { ...PACE, firstPauseMs: 100, lostMaxMs: 1000 },
});

/** A run whose work is to keep one more word, after it has read those of the runs before. */
function parts(word: string, words: string[]): Parts {
  return {
    ...base(),
    config: {
      ...config,
      ...settings,
      databaseUser: 'analyst',
      databasePassword: `"it's" \\ a pass%word`,
      bucket: null,
    },
    machine: { connect: connectOverSsh, mountVolume, unmountVolume, startMysql, stopMysql },
    checkOthers: async () => undefined,
    work: async (warehouse) => {
      words.push(...(await addWord(warehouse, word)));
      return { 'minitwit:rows-word': String(words.length + 1) };
    },
  };
}

async function addWord(to: DatabaseConfig, word: string): Promise<string[]> {
  const { host, port, user, password, name } = to;
  const connection = await mysql.createConnection({ host, port, user, password, database: name });
  try {
    await connection.query('create table if not exists words (word varchar(20) primary key)');
    const [rows] = await connection.query<mysql.RowDataPacket[]>('select word from words');
    await connection.query('insert into words values (?)', [word]);
    return rows.map((row) => String(row.word));
  } finally {
    await connection.end();
  }
}

/** What bills by the hour. */
async function alive(): Promise<string[]> {
  const instances = await listInstances(ec2, []);
  const states = instances.map(({ state }) => state).filter((state) => state !== 'terminated');
  return [...states, ...cloud.instances.keys()];
}

test('a provision that fails leaves nothing, and says why', async () => {
  cloud.isWithoutDnf = true;
  const failed = provision(base(), config, { sizeGib: 8, baseImageId: null });
  await expect(failed).rejects.toThrow(
    'The image of the warehouse was not made: dnf brought no MariaDB',
  );
  cloud.isWithoutDnf = false;
  expect(await alive()).toEqual([]);
  expect(cloud.actions.slice(-2)).toEqual(['TerminateInstances', 'DeleteVolume']);
  expect(await listVolumes(ec2, [tagFilter(WAREHOUSE_TAG)])).toEqual([]);
});

test('provision makes a volume and an image, and leaves nothing else', async () => {
  await provision(base(), config, { sizeGib: 8, baseImageId: null });

  const setting = (name: string) =>
    said.find((line) => line.startsWith(`${name}=`))?.split('=')[1] ?? '';
  settings = { imageId: setting('WAREHOUSE_IMAGE_ID'), volumeId: setting('WAREHOUSE_VOLUME_ID') };
  expect(await findImage(ec2, settings.imageId)).toMatchObject({ state: 'available' });
  const { Volumes } = await ec2.send(
    new DescribeVolumesCommand({ VolumeIds: [settings.volumeId] }),
  );
  expect(Volumes).toMatchObject([{ State: 'available', Size: 8, Encrypted: true }]);
  expect(Volumes?.[0]?.Tags).toContainEqual({
    Key: 'minitwit:warehouse',
    Value: settings.volumeId,
  });
  expect(await alive()).toEqual([]);
  const made = cloud.actions.slice(cloud.actions.lastIndexOf('CreateVolume'));
  expect(made).toEqual([
    'CreateVolume',
    'RunInstances',
    'AttachVolume',
    'DetachVolume',
    'StopInstances',
    'CreateImage',
    'CreateTags',
    'TerminateInstances',
  ]);
});

test('a run fills the warehouse, takes a snapshot and leaves nothing else', async () => {
  const words: string[] = [];
  await run(parts('first', words), { keep: false });
  expect(words).toEqual([]);
  expect(await alive()).toEqual([]);
  expect(await listSnapshots(ec2).then(ofVolume)).toMatchObject([
    { state: 'completed', tags: { 'minitwit:rows-word': '1' } },
  ]);
});

test('one that is kept stays until it is finished', async () => {
  const words: string[] = [];
  await run(parts('second', words), { keep: true });
  expect(words).toEqual(['first']);
  expect(await alive()).toHaveLength(2);
  expect(await listSnapshots(ec2).then(ofVolume)).toHaveLength(1);

  await finish(parts('third', words));
  expect(await alive()).toEqual([]);
  expect(await listSnapshots(ec2).then(ofVolume)).toHaveLength(2);
});

test('a connection that is cut in the middle of the work costs nothing but that run', async () => {
  const words: string[] = [];
  const cut = parts('third', words);
  const { work } = cut;
  cut.work = async (warehouse, how) => {
    const results = await work(warehouse, how);
    for (const instance of cloud.instances.values())
      await instance.run('pkill -KILL -f "^sshd: ec2-user"');
    await addWord(warehouse, 'never');
    return results;
  };
  await expect(run(cut, { keep: false })).rejects.toThrow(/ECONNREFUSED|ECONNRESET|closed/);
  expect(await alive()).toEqual([]);
  expect(await listSnapshots(ec2).then(ofVolume)).toHaveLength(2);

  await run(parts('fourth', words), { keep: false });
  expect(words).toEqual(['first', 'second', 'first', 'second', 'third']);
});

test('the snapshots are listed, and one becomes a volume as it was then', async () => {
  const snapshots = (await listSnapshots(ec2)).filter(
    ({ volumeId }) => volumeId === settings.volumeId,
  );
  said.length = 0;
  await printSnapshots(base());
  for (const { id } of snapshots) expect(said.join('\n')).toContain(id);

  const { id: snapshotId = '' } = snapshots.at(-1) ?? {};
  const { volumeId } = settings;
  settings.volumeId = await restoreVolume({ ...base(), snapshotId, volumeId, zone: null });
  const words: string[] = [];
  await run(parts('other', words), { keep: true });
  expect(words).toEqual(['first']);
});

test('cleanup ends what a dead run has left', async () => {
  expect(await alive()).toHaveLength(2);
  await rm(join(folder, 'state.json'));
  const { runId } = (await listInstances(ec2, [])).find(({ state }) => state === 'running') ?? {};
  await cleanup(base(), runId ?? '');
  expect(await alive()).toEqual([]);
});

function ofVolume(snapshots: Awaited<ReturnType<typeof listSnapshots>>) {
  return snapshots.filter(({ volumeId }) => volumeId === settings.volumeId);
}

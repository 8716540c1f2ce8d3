import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateKeyPairCommand,
  CreateSecurityGroupCommand,
  DescribeVolumesCommand,
  type EC2Client,
} from '@aws-sdk/client-ec2';
import { CreateBucketCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { beforeAll, expect, inject, test, vi } from 'vitest';
import { createEc2 } from '../../../src/aws/clients.ts';
import { findImage } from '../../../src/aws/ec2/images.ts';
import { listInstances } from '../../../src/aws/ec2/instances.ts';
import { listSnapshots } from '../../../src/aws/ec2/snapshots.ts';
import { tagFilter } from '../../../src/aws/ec2/tags.ts';
import { listVolumes } from '../../../src/aws/ec2/volumes.ts';
import type { DatabaseConfig } from '../../../src/config/config.ts';
import { startPrivateMariadb } from '../../../src/dev/mariadb/private-mariadb.ts';
import type { Environment } from '../../../src/config/environment.ts';
import { createS3 } from '../../../src/warehouse/bucket/s3.ts';
import { cleanup } from '../../../src/warehouse/commands/cleanup.ts';
import { provision } from '../../../src/warehouse/commands/provision.ts';
import { createCommandContext } from '../../../src/cli/command-context.ts';
import { type WarehouseContext, TIMING } from '../../../src/warehouse/context.ts';
import { listFiles, parquetFolder, readManifests } from '../../../src/warehouse/parquet/folder.ts';
import type { InstanceConfig } from '../../../src/warehouse/settings.ts';
import { WAREHOUSE_TAG } from '../../../src/aws/tags.ts';
import { useCleanup } from '../../support/cleanup.ts';
import { createAccountId } from '../../support/aws-account.ts';
import { runSql } from '../../support/database.ts';
import { copyProgram } from '../../support/copy-program.ts';
import { databaseSettings, startProgram } from '../../support/programs.ts';
import { skipAfterFailure } from '../../support/skip-after-failure.ts';
import { useAwsEmulator } from '../../support/use-aws-emulator.ts';
import { createDatabase, createFilled, nastyRows, readAll, type Rows } from '../dump/databases.ts';
import { type Cloud, openCloud } from './cloud.ts';
import { UNKNOWN_TO_MOTO } from './proxy.ts';

skipAfterFailure();
const defer = useCleanup();
let cloud: Cloud;
let ec2: EC2Client;
let s3: S3Client;
let home: string;
// The program stores its files in this folder.
let folder: string;
let source: DatabaseConfig;
let sourceSettings: Environment;
let config: InstanceConfig;
let settings: { imageId: string; volumeId: string };
const printed: string[] = [];
const PASSWORD = `"it's" \\ a pass%word`;
// Other tests may use the same emulator at the same time. A bucket's name is unique over all accounts.
const ACCOUNT = createAccountId();
const BUCKET = `minitwit-warehouse-${ACCOUNT}`;

beforeAll(async () => {
  cloud = await openCloud(defer, {
    url: inject('aws'),
    account: ACCOUNT,
    unknown: UNKNOWN_TO_MOTO,
  });
  home = await copyProgram(defer, 'minitwit-cycle-');
  folder = join(home, '.data/warehouse');
  const mariadb = await startPrivateMariadb(join(home, 'source'));
  defer(() => mariadb.stop());
  source = await createFilled(mariadb.config, sourceRows());
  sourceSettings = databaseSettings(source);
  defer(() => void vi.unstubAllEnvs());
  useAwsEmulator();
  s3 = createS3();
  defer(() => s3.destroy());
  await s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
  useAwsEmulator(cloud.url);
  // A request may take as long as the start of a machine.
  ec2 = createEc2(120_000);
  defer(() => ec2.destroy());
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

const createContext = (): WarehouseContext =>
  createCommandContext({
    ec2,
    folder,
    print: (line: string) => void printed.push(line),
    signal: new AbortController().signal,
    timing: { ...TIMING, firstPauseMs: 100, visibilityTimeoutMs: 1000 },
  });

/** Runs the program with all settings, as an operator does. */
function warehouse(...parameters: string[]): Promise<string> {
  const ofRuns = {
    ...sourceSettings,
    WAREHOUSE_IMAGE_ID: settings.imageId,
    WAREHOUSE_VOLUME_ID: settings.volumeId,
    WAREHOUSE_KEY_NAME: config.keyName,
    WAREHOUSE_SECURITY_GROUP: config.securityGroup,
    WAREHOUSE_DB_PASSWD: PASSWORD,
    WAREHOUSE_BUCKET: BUCKET,
  };
  return execute({ ...ofRuns, ...wayIn() }, ...parameters);
}

async function execute(environment: Environment, ...parameters: string[]): Promise<string> {
  const { ended, output } = startProgram(join(home, 'src/warehouse.ts'), environment, {
    cwd: home,
    parameters,
  });
  const status = await ended;
  const all = output.stdout + output.stderr;
  if (status !== 0) throw new Error(`${parameters.join(' ')} ended with ${status}:\n${all}`);
  return all;
}

/** Returns the settings for AWS, and for ssh to an instance. */
function wayIn(): Environment {
  return {
    PATH: `${cloud.bin}:${process.env.PATH}`,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_ENDPOINT_URL: cloud.url,
    AWS_ENDPOINT_URL_S3: inject('aws'),
    WAREHOUSE_KEY_FILE: config.keyFile,
  };
}

/** Fills the source without the greatest possible id, before which there are many ranges to compare. */
function sourceRows(): Rows {
  const { user = [], follower = [], message = [] } = nastyRows();
  return {
    user: user.slice(0, 2),
    follower: follower.slice(0, 2),
    message,
  };
}

/** Lists the resources that AWS bills by the hour. */
async function alive(): Promise<string[]> {
  const instances = await listInstances(ec2, []);
  const states = instances.map(({ state }) => state).filter((state) => state !== 'terminated');
  return [...states, ...cloud.instances.keys()];
}

test('a failed provision deletes its resources and prints the reason', async () => {
  cloud.isWithoutDnf = true;
  const failed = provision(createContext(), config, {
    volumeId: null,
    sizeGib: 8,
    baseImageId: null,
  });
  await expect(failed).rejects.toThrow(
    'The image of the warehouse was not created: dnf could not install MariaDB',
  );
  cloud.isWithoutDnf = false;
  expect(await alive()).toEqual([]);
  expect(cloud.actions.slice(-2)).toEqual(['TerminateInstances', 'DeleteVolume']);
  expect(await listVolumes(ec2, [tagFilter(WAREHOUSE_TAG)])).toEqual([]);
});

test('provision creates a volume and an image, and leaves nothing else', async () => {
  await provision(createContext(), config, { volumeId: null, sizeGib: 8, baseImageId: null });

  const setting = (name: string) =>
    printed.find((line) => line.startsWith(`${name}=`))?.split('=')[1] ?? '';
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

test('a run copies, analyses, uploads to S3, takes a snapshot and leaves nothing else', async () => {
  const output = await warehouse('run');
  expect(output).toMatch(new RegExp(`The warehouse has all ${count(await readAll(source))} rows`));
  expect(await alive()).toEqual([]);
  const [snapshot] = await snapshotsOf(settings.volumeId);
  expect(snapshot).toMatchObject({ state: 'completed', tags: rowTags(await readAll(source)) });

  const runs = join(folder, 'runs', snapshot?.runId ?? '');
  const files = await readdir(runs);
  expect(files).toEqual(expect.arrayContaining(['report.html', 'stats.json', 'totals.csv']));
  expect(await warehouse('report')).toBe(`file://${join(runs, 'report.html')}\n`);
  const expectedKeys = [...files, 'dump.sql.gz'].map((name) => `runs/${snapshot?.runId}/${name}`);
  expect(await listKeys('runs/')).toEqual(expectedKeys.toSorted());
  const [manifest] = await readManifests(parquetFolder(folder, BUCKET));
  if (!manifest) throw new Error('The run wrote no manifest.');
  expect(manifest.run).toBe(snapshot?.runId);
  const stored = await listKeys('parquet/');
  for (const { path } of listFiles(manifest)) expect(stored).toContain(`parquet/${path}`);
  expect(stored).toContain(`parquet/manifests/${manifest.run}.json`);
  expect(output).not.toContain(PASSWORD);
});

test('the dump of the last run is restored to a database', async () => {
  const target = await createDatabase(source);
  sourceSettings = databaseSettings(target);
  await warehouse('restore-dump', 'latest');
  sourceSettings = databaseSettings(source);
  const { user = [], ...others } = await readAll(source);
  expect(await readAll(target)).toEqual({ ...others, user: user.map((row) => row.with(3, '')) });
});

test('`run --keep` sends new rows, and its instance runs until `finish`', async () => {
  await runSql(
    source,
    "insert into message (message_id, author_id, text, pub_date) values (900000, 1, 'new', 1700000000)",
  );
  expect(await warehouse('run', '--keep')).toMatch(/: 1 were sent, 0 deleted/);
  expect(await alive()).toHaveLength(2);
  expect(await snapshotsOf(settings.volumeId)).toHaveLength(1);
  expect(await warehouse('status')).toMatch(
    /^i-\w+, a t3\.large, running .* left running by --keep/m,
  );

  // `finish` needs neither the database nor the settings of a run.
  await execute(wayIn(), 'finish');
  expect(await alive()).toEqual([]);
  const [newest] = await snapshotsOf(settings.volumeId);
  expect(newest).toMatchObject({ tags: rowTags(await readAll(source)) });
  expect(await warehouse('status')).not.toMatch(/^i-/m);
});

test('the snapshots are listed, and one is restored to a volume', async () => {
  const snapshots = await snapshotsOf(settings.volumeId);
  expect(snapshots).toHaveLength(2);
  const listed = await warehouse('snapshots');
  for (const { id } of snapshots) expect(listed).toContain(id);

  const { id: snapshotId = '' } = snapshots.at(-1) ?? {};
  const restored = await warehouse('restore', snapshotId);
  settings.volumeId = /^WAREHOUSE_VOLUME_ID=(.*)$/m.exec(restored)?.[1] ?? '';
  expect(await warehouse('run', '--keep')).toMatch(/: 1 were sent, 0 deleted/);
});

test('cleanup deletes the resources of a dead run', async () => {
  expect(await alive()).toHaveLength(2);
  await rm(join(folder, 'state.json'));
  const { runId } = (await listInstances(ec2, [])).find(({ state }) => state === 'running') ?? {};
  await cleanup(createContext(), runId ?? '');
  expect(await alive()).toEqual([]);
});

/** Lists the snapshots, the newest first. */
async function snapshotsOf(volume: string) {
  const snapshots = (await listSnapshots(ec2, [tagFilter(WAREHOUSE_TAG)])).filter(
    ({ volumeId }) => volumeId === volume,
  );
  return snapshots.toSorted((a, b) => Number(b.startedAt) - Number(a.startedAt));
}

async function listKeys(prefix: string): Promise<(string | undefined)[]> {
  const list = new ListObjectsV2Command({ Bucket: BUCKET, Prefix: prefix });
  const { Contents = [] } = await s3.send(list);
  return Contents.map(({ Key }) => Key);
}

function rowTags(rows: Rows): Record<string, string> {
  const counts = Object.entries(rows).map(([table, { length }]) => [
    `minitwit:rows-${table}`,
    String(length),
  ]);
  return Object.fromEntries(counts);
}

function count(rows: Rows): number {
  return Object.values(rows).flat().length;
}

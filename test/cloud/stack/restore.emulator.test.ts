import {
  CreateDBSnapshotCommand,
  DeleteDBSnapshotCommand,
  DescribeDBSnapshotsCommand,
  type RDSClient,
} from '@aws-sdk/client-rds';
import { expect, test } from 'vitest';
import { restoreSnapshot } from '../../../src/cloud/commands/restore.ts';
import { takeSnapshot } from '../../../src/cloud/commands/snapshot.ts';
import { findStack } from '../../../src/cloud/stack/stack.ts';
import { messageOf } from '../../../src/errors.ts';
import { openWorld, type World } from './world.ts';

/** A stack that is up, with a snapshot of its database. */
async function openRaised() {
  const world = await openWorld();
  await world.up();
  const { outputs } = await requireStack(world);
  const rds = world.open().clients.rds;
  const snapshotId = await takeOf(rds, outputs.DatabaseId ?? '');
  saySnapshots(world, (text) => text);
  const restore = (id = snapshotId, dryRun = false) =>
    restoreSnapshot(world.open(), { snapshotId: id, dryRun });
  world.lines.length = 0;
  return { world, rds, outputs, snapshotId, restore };
}

async function takeOf(rds: RDSClient, DBInstanceIdentifier: string): Promise<string> {
  const DBSnapshotIdentifier = 'a-snapshot';
  await rds.send(new CreateDBSnapshotCommand({ DBInstanceIdentifier, DBSnapshotIdentifier }));
  return DBSnapshotIdentifier;
}

/** Has AWS say of snapshots what the emulator does not, that they are encrypted, and something else. */
function saySnapshots({ account }: World, change: (text: string, isOfOne: boolean) => string) {
  account.stand('rds:DescribeDBSnapshots', async (asked, pass) => {
    const { body, ...answer } = await pass();
    const text = body.toString().replaceAll('<Encrypted>false<', '<Encrypted>true<');
    return { ...answer, body: change(text, asked.body.includes('DBSnapshotIdentifier=')) };
  });
}

async function requireStack(world: World) {
  const stack = await findStack(world.open());
  if (!stack) throw new Error('There is no stack');
  return stack;
}

async function idsOf(rds: RDSClient): Promise<string[]> {
  const taken = new DescribeDBSnapshotsCommand({ SnapshotType: 'manual' });
  const { DBSnapshots = [] } = await rds.send(taken);
  return DBSnapshots.map((it) => it.DBSnapshotIdentifier ?? '');
}

test('restore makes another database, sets it up, and brings the instances there', async () => {
  const { world, rds, outputs, snapshotId, restore } = await openRaised();
  const cloud = world.open();
  const refreshes: object[] = [];
  cloud.clients.autoScaling.middlewareStack.add(
    (next, { commandName }) =>
      (given) => {
        if (commandName === 'StartInstanceRefreshCommand') refreshes.push(given.input);
        return next(given);
      },
    { step: 'initialize' },
  );
  await restoreSnapshot(cloud, { snapshotId, dryRun: false });
  const stack = await requireStack(world);
  expect(stack.parameters).toMatchObject({ DatabaseSnapshot: snapshotId, SetUp: 'no' });
  expect(stack.outputs.DatabaseId).not.toBe(outputs.DatabaseId);
  expect(world.scripts.at(-1)).toContain(`DB_HOST='${stack.outputs.DatabaseEndpoint}'`);
  // the alarm would stop it, since the instances that leave have lost their database
  expect(refreshes).toEqual([
    expect.objectContaining({
      Preferences: expect.not.objectContaining({ AlarmSpecification: expect.anything() }),
    }),
  ]);
  const last = (await idsOf(rds)).find((id) => id !== snapshotId);
  expect(world.lines).toContain(`To go back to the old database: npm run cloud -- restore ${last}`);
  expect(world.lines.at(-1)).toBe(
    `MiniTwit is up, with what is in ${snapshotId}: ${stack.outputs.Address}`,
  );

  // which the next up leaves as it is
  await world.up({ BackupDays: '3' });
  const after = await requireStack(world);
  expect(after.outputs.DatabaseId).toBe(stack.outputs.DatabaseId);
  expect(after.parameters).toMatchObject({ DatabaseSnapshot: snapshotId, BackupDays: '3' });

  // and so does the same once more
  await restore();
  expect((await requireStack(world)).outputs.DatabaseId).toBe(stack.outputs.DatabaseId);
  expect(world.lines).toContainEqual(expect.stringContaining('aws rds copy-db-snapshot'));
  expect(world.lines.at(-1)).toBe(
    `MiniTwit is up: ${stack.outputs.Address}. Its database was made from ${snapshotId} earlier, and keeps what was written since.`,
  );
});

/** Whether it asks AWS for more than to be told something, or to take back a plan. */
function isChange(action: string): boolean {
  return !/:(Describe|List|Get|DeleteChangeSet)/.test(action);
}

/** Breaks a command off at so manyth a request; gives its message, null when it ended first, and what it asked for then. */
async function breakOff({ account, stop }: World, at: number, command: () => Promise<void>) {
  const start = account.actions.length;
  account.onAsk = () => {
    if (account.actions.length === start + at) stop();
  };
  const why = await command().then(() => null, messageOf);
  account.onAsk = () => undefined;
  return { why, after: account.actions.slice(start + at) };
}

/** What a command asks for, in order. */
async function listRequests({ account }: World, command: () => Promise<void>): Promise<string[]> {
  const start = account.actions.length;
  await command();
  return account.actions.slice(start);
}

test('broken off wherever it is, the next restore goes on', async () => {
  const { world, snapshotId, restore } = await openRaised();
  const start = world.account.actions.length;
  let rounds = 0;
  // from one to the next it comes further
  for (let at = 2; ; at += 2) {
    const { why, after } = await breakOff(world, at, restore);
    if (why === null) break;
    rounds += 1;
    expect(why, String(at)).toMatch(/^Stopped by SIGINT\./);
    expect(after.filter(isChange), String(at)).toEqual([]);
  }
  expect(rounds).toBeGreaterThan(10);
  const changes = world.account.actions.slice(start).filter(isChange);
  // nothing is begun twice that cannot be taken back
  expect(changes.filter((it) => it === 'cloudformation:ExecuteChangeSet').length).toBeLessThan(5);
  expect(await world.look()).toMatchObject({ setUp: 'no', databases: 1, instances: [2] });
  const { parameters } = await requireStack(world);
  expect(parameters).toMatchObject({ DatabaseSnapshot: snapshotId, SetUp: 'no' });
});

test('whatever is refused of a restore is said, and the next one goes on', async () => {
  // what it asks for is known from a restore in another account
  const other = await openRaised();
  const actions = new Set(await listRequests(other.world, other.restore));
  const { world, snapshotId, restore } = await openRaised();
  const unheard: string[] = [];
  for (const action of actions) {
    world.account.refuse(action, 'AccessDenied', { times: 1 });
    const said = await restore().then(() => 'done', messageOf);
    expect(said, action).toMatch(/^(done$|Cannot .*AWS says AccessDenied)/);
    if (said === 'done') unheard.push(action);
  }
  // one before may have come so far that this is not asked for any more
  expect(unheard.filter(isChange)).toEqual([]);
  expect(unheard.length).toBeLessThan(3);
  await restore();
  expect(await world.look()).toMatchObject({ setUp: 'no', databases: 1, instances: [2] });
  expect((await requireStack(world)).parameters.DatabaseSnapshot).toBe(snapshotId);
});

test('a dry run of it shows, and changes nothing', async () => {
  const { world, outputs, snapshotId, restore } = await openRaised();
  await restore(snapshotId, true);
  expect(world.lines).toContain('  ± replace  Database (AWS::RDS::DBInstance)');
  expect((await requireStack(world)).outputs.DatabaseId).toBe(outputs.DatabaseId);
  expect((await world.look()).changeSets).toBe(0);
});

test.each([
  ['<Engine>mysql<', '<Engine>postgres<', 'is of postgres, and not of MySQL.'],
  ['<Status>available<', '<Status>creating<', 'is not available yet: creating, '],
  [
    '<EngineVersion>8.4.11<',
    '<EngineVersion>8.0.40<',
    'is of MySQL 8.0.40, and the stack of 8.4.11.',
  ],
  ['<Encrypted>true<', '<Encrypted>false<', 'is not encrypted, as the stack’s database is.'],
  [
    '<AllocatedStorage>20<',
    '<AllocatedStorage>40<',
    'First: npm run cloud -- up --set DatabaseStorageGib=40.',
  ],
])('a snapshot with %s as %s is refused', async (is, other, message) => {
  const { world, restore } = await openRaised();
  saySnapshots(world, (text) => text.replace(is, other));
  await expect(restore()).rejects.toThrow(message);
});

test('one that is not there, and a stack that is not there', async () => {
  const { restore } = await openRaised();
  await expect(restore('another')).rejects.toThrow('There is no snapshot another of a database');
  const bare = await openWorld();
  const cloud = bare.open();
  await expect(restoreSnapshot(cloud, { snapshotId: 'a', dryRun: false })).rejects.toThrow(
    'There is no stack minitwit in this region. To raise it: npm run cloud -- up',
  );
  await expect(takeSnapshot(cloud, { dryRun: false })).rejects.toThrow(
    'There is no stack minitwit',
  );
});

test('a snapshot is taken when the database has time for it, watched, and named', async () => {
  const { world, rds, outputs } = await openRaised();
  world.account.refuse('rds:CreateDBSnapshot', 'InvalidDBInstanceState', { status: 400, times: 1 });
  let looks = 0;
  saySnapshots(world, (text, isOfOne) =>
    !isOfOne || (looks += 1) > 2 ? text : text.replaceAll('>available<', '>creating<'),
  );
  await takeSnapshot(world.open(), { dryRun: false });
  const id = (await idsOf(rds)).find((each) => each !== 'a-snapshot') ?? '';
  expect(id).toMatch(/^minitwit-\d{8}t\d{6}z-[0-9a-f]{4}$/);
  expect(world.lines).toEqual([
    `Taking the snapshot ${id} of ${outputs.DatabaseId} …`,
    `The database ${outputs.DatabaseId}: not ready for a snapshot yet`,
    expect.stringMatching(/^The snapshot minitwit-\S+: creating, \d+ %$/),
    `The snapshot ${id} is complete, of a database of 20 GiB.`,
    `To go back to it: npm run cloud -- restore ${id}`,
  ]);
});

test('one whose answer is lost is taken once; one that goes on is watched; a dry run takes none', async () => {
  const { world, rds } = await openRaised();
  world.account.lose('rds:CreateDBSnapshot');
  await takeSnapshot(world.open(), { dryRun: false });
  expect(await idsOf(rds)).toHaveLength(2);
  await takeSnapshot(world.open(), { dryRun: true });
  expect(await idsOf(rds)).toHaveLength(2);

  let looks = 0;
  saySnapshots(world, (text) =>
    (looks += 1) > 1 ? text : text.replaceAll('>available<', '>creating<'),
  );
  await takeSnapshot(world.open(), { dryRun: false });
  expect(await idsOf(rds)).toHaveLength(2);
});

test('broken off at any request, the next goes on, and one snapshot is taken in all', async () => {
  const { world, rds, snapshotId } = await openRaised();
  await rds.send(new DeleteDBSnapshotCommand({ DBSnapshotIdentifier: snapshotId }));
  const take = () => takeSnapshot(world.open(), { dryRun: false });
  let isCreating = true;
  saySnapshots(world, (text) => (isCreating ? text.replaceAll('>available<', '>creating<') : text));
  for (let at = 1; at <= 6; at += 1) {
    const { why, after } = await breakOff(world, at, take);
    expect(why, String(at)).toMatch(/^Stopped by SIGINT\./);
    expect(after.filter(isChange), String(at)).toEqual([]);
    // the third is for the snapshot
    expect(await idsOf(rds), String(at)).toHaveLength(at < 3 ? 0 : 1);
  }
  isCreating = false;

  for (const action of new Set(await listRequests(world, take))) {
    world.account.refuse(action, 'AccessDenied', { times: 1 });
    expect(await take().then(() => null, messageOf), action).toMatch(
      /^Cannot .*AWS says AccessDenied/,
    );
  }
  await take();
});

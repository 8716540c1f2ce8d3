import { expect, test } from 'vitest';
import { down } from '../../../src/cloud/commands/down.ts';
import { messageOf } from '../../../src/errors.ts';
import { expectEmptyAccount } from './empty-account.ts';
import { changesOf, isChange, makeImage, openWorld, raise, type World } from './world.ts';

// as much of a stack as down has to know of
const template = `
Resources:
  Database:
    Type: AWS::RDS::DBInstance
    DeletionPolicy: Snapshot
    Properties: { Engine: mysql, DBInstanceClass: db.t4g.micro, AllocatedStorage: 20 }
  WarehouseGroup:
    Type: AWS::EC2::SecurityGroup
    Properties: { GroupDescription: the warehouse }
  WarehouseBucket:
    Type: AWS::S3::Bucket
    DeletionPolicy: RetainExceptOnCreate
`;

const everything = { everything: true, dryRun: false, ask: async () => 'minitwit' };

async function fill(world: World): Promise<void> {
  const cloud = world.open();
  await raise(cloud, await makeImage(cloud, '1.3.0'), { template });
  world.account.actions.length = 0;
}

async function listRequests(world: World): Promise<string[]> {
  await fill(world);
  await down(world.open(), everything);
  return [...world.account.actions];
}

function serviceOf(action: string): string | undefined {
  return action.split(':')[0];
}

/** What it failed with; null when it did not. */
function fail(work: Promise<void>): Promise<string | null> {
  return work.then(() => null, messageOf);
}

test('broken off at any change, and started again, down --everything leaves nothing', async () => {
  const world = await openWorld();
  const { account } = world;
  const requests = await listRequests(world);
  expect(requests.filter(isChange)).toEqual([
    'cloudformation:DeleteStack',
    'rds:DeleteDBSnapshot',
    'ec2:DeregisterImage',
    's3:DELETE',
    'ec2:DeleteSnapshot',
  ]);
  const moments = requests.flatMap((action, index) => (isChange(action) ? [index] : []));
  for (const moment of moments) {
    await fill(world);
    const cloud = world.open();
    account.onAsk = () => account.actions.length > moment && world.stop();
    const message = await fail(down(cloud, everything));
    // after the last, there is nothing left to break off
    const isLast = moment === moments.at(-1);
    expect(message ?? '').toMatch(isLast ? /^$|^Stopped/ : /^Stopped by SIGINT\./);
    account.onAsk = () => undefined;
    await down(world.open(), everything);
  }
  await expectEmptyAccount(world.open());
});

test('whatever is refused, down says so, and goes on from there when it is not', async () => {
  const world = await openWorld();
  const { account } = world;
  const requests = [...new Set(await listRequests(world))];
  // every change, and of each service the first look
  const isFirst = (action: string, index: number) =>
    requests.findIndex((other) => serviceOf(other) === serviceOf(action)) === index;
  const actions = requests.filter((it, index) => isChange(it) || isFirst(it, index));
  let isFull = false;
  for (const action of actions) {
    if (!isFull) await fill(world);
    account.actions.length = 0;
    account.refuse(action, 'AccessDenied', { times: 1 });
    const message = await fail(down(world.open(), everything));
    expect({ action, message }).toEqual({
      action,
      message: expect.stringMatching(/Cannot [^]*AccessDenied/) as string,
    });
    isFull = changesOf(account).length === 0;
    // by which also what was asked for at the same time is answered
    await down(world.open(), { ...everything, dryRun: isFull });
    if (isFull) continue;
  }
  await expectEmptyAccount(world.open());
});

test('when the answer to a removal is lost, down leaves nothing', async () => {
  const world = await openWorld();
  const { account } = world;
  for (const action of ['cloudformation:DeleteStack', 'rds:DeleteDBSnapshot']) {
    await fill(world);
    account.lose(action);
    await down(world.open(), everything);
  }
  await expectEmptyAccount(world.open());
});

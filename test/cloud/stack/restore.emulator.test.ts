import {
  CreateDBSnapshotCommand,
  DescribeDBSnapshotsCommand,
  type RDSClient,
} from '@aws-sdk/client-rds';
import { expect, test } from 'vitest';
import { formatRestored, restoreSnapshot } from '../../../src/cloud/commands/restore.ts';
import { findStack } from '../../../src/cloud/stack/stack.ts';
import { createStackFixture, type StackFixture } from './fixture.ts';

/** Creates a stack that serves, with a snapshot of its database. */
async function createRestoreFixture() {
  const fixture = await createStackFixture();
  await fixture.up();
  const { outputs } = await requireStack(fixture);
  const rds = fixture.cloud.clients.rds;
  const snapshotId = await createSnapshot(rds, outputs.DatabaseId ?? '');
  stubSnapshots(fixture, (text) => text);
  const restore = (id = snapshotId, dryRun = false) =>
    restoreSnapshot(fixture.open(), { snapshotId: id, dryRun });
  fixture.lines.length = 0;
  return { fixture, rds, outputs, snapshotId, restore };
}

async function createSnapshot(rds: RDSClient, DBInstanceIdentifier: string): Promise<string> {
  const DBSnapshotIdentifier = 'a-snapshot';
  await rds.send(new CreateDBSnapshotCommand({ DBInstanceIdentifier, DBSnapshotIdentifier }));
  return DBSnapshotIdentifier;
}

/** Makes all database snapshots encrypted, which the emulator does not support, and changes their responses. */
function stubSnapshots({ account }: StackFixture, change: (text: string) => string) {
  account.stub('rds:DescribeDBSnapshots', async (_, pass) => {
    const { body, ...answer } = await pass();
    const text = body.toString().replaceAll('<Encrypted>false<', '<Encrypted>true<');
    return { ...answer, body: change(text) };
  });
}

async function requireStack(fixture: StackFixture) {
  const stack = await findStack(fixture.cloud);
  if (!stack) throw new Error('There is no stack');
  return stack;
}

async function listSnapshotIds(rds: RDSClient): Promise<string[]> {
  const taken = new DescribeDBSnapshotsCommand({ SnapshotType: 'manual' });
  const { DBSnapshots = [] } = await rds.send(taken);
  return DBSnapshots.map((it) => it.DBSnapshotIdentifier ?? '');
}

test('`cloud restore` creates another database, initializes it, and replaces the instances', async () => {
  const { fixture, rds, outputs, snapshotId, restore } = await createRestoreFixture();
  const cloud = fixture.open();
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
  const stack = await requireStack(fixture);
  expect(stack.parameters).toMatchObject({ DatabaseSnapshot: snapshotId, SetUp: 'no' });
  expect(stack.outputs.DatabaseId).not.toBe(outputs.DatabaseId);
  expect(fixture.scripts.at(-1)).toContain(`DB_HOST='${stack.outputs.DatabaseEndpoint}'`);
  // With the alarm, AWS would stop the refresh: the old instances have lost their database.
  expect(refreshes).toEqual([
    expect.objectContaining({
      Preferences: expect.not.objectContaining({ AlarmSpecification: expect.anything() }),
    }),
  ]);
  const last = (await listSnapshotIds(rds)).find((id) => id !== snapshotId);
  expect(fixture.lines).toContain(
    `To return to the old database: npm run cloud -- restore ${last}`,
  );
  expect(fixture.lines.at(-1)).toBe(
    formatRestored({ address: stack.outputs.Address ?? '', snapshotId, isReplaced: false }),
  );

  // The next `up` does not replace the database.
  await fixture.up({ BackupDays: '3' });
  const after = await requireStack(fixture);
  expect(after.outputs.DatabaseId).toBe(stack.outputs.DatabaseId);
  expect(after.parameters).toMatchObject({ DatabaseSnapshot: snapshotId, BackupDays: '3' });

  // A repeated restore does not replace the database.
  await restore();
  expect((await requireStack(fixture)).outputs.DatabaseId).toBe(stack.outputs.DatabaseId);
  expect(fixture.lines).toContainEqual(expect.stringContaining('aws rds copy-db-snapshot'));
  expect(fixture.lines.at(-1)).toBe(
    formatRestored({ address: stack.outputs.Address ?? '', snapshotId, isReplaced: true }),
  );
});

test('`cloud restore`, stopped before or in any of its steps, continues when it is run again', async () => {
  const { fixture, snapshotId, restore } = await createRestoreFixture();
  const started: string[] = [];
  const stopAt = (place: string) => {
    fixture.account.onRequest = (action) => {
      if (/ExecuteChangeSet|SendCommand|StartInstanceRefresh/.test(action)) started.push(action);
      if (action === place) fixture.stop();
    };
  };
  const again =
    ' MiniTwit is unavailable until the restore is complete. Run npm run cloud -- restore a-snapshot again.';
  stopAt('cloudformation:ExecuteChangeSet');
  await expect(restore()).rejects.toThrow('AWS continues to change the stack minitwit.');
  // The initialization of the new database begins with this request.
  stopAt('autoscaling:DescribeAutoScalingGroups');
  await expect(restore()).rejects.toThrow(`Stopped by SIGINT.${again}`);
  // The replacement of the instances begins with this request.
  stopAt('autoscaling:DescribeInstanceRefreshes');
  await expect(restore()).rejects.toThrow(`Stopped by SIGINT.${again}`);
  stopAt('autoscaling:StartInstanceRefresh');
  await expect(restore()).rejects.toThrow(
    /AWS continues to replace the instances\. .* MiniTwit is unavailable until/,
  );
  stopAt('');
  await restore();
  // No step is started twice: the database, the script, the right to run it, and the instances.
  expect(started).toEqual([
    'cloudformation:ExecuteChangeSet',
    'ssm:SendCommand',
    'cloudformation:ExecuteChangeSet',
    'autoscaling:StartInstanceRefresh',
  ]);
  expect(await fixture.readState()).toMatchObject({ setUp: 'no', databases: 1, instances: [2] });
  const { parameters } = await requireStack(fixture);
  expect(parameters).toMatchObject({ DatabaseSnapshot: snapshotId, SetUp: 'no' });
});

test('`cloud restore --dry-run` prints the changes, and changes nothing', async () => {
  const { fixture, outputs, snapshotId, restore } = await createRestoreFixture();
  await restore(snapshotId, true);
  const replaced =
    /^ {2}± replace {2}Database \(AWS::RDS::DBInstance\): .*DBSnapshotIdentifier \(DatabaseSnapshot\)/;
  expect(fixture.lines).toContainEqual(expect.stringMatching(replaced));
  expect((await requireStack(fixture)).outputs.DatabaseId).toBe(outputs.DatabaseId);
  expect((await fixture.readState()).changeSets).toBe(0);
});

test('`cloud restore` rejects an incompatible or missing snapshot before it changes anything', async () => {
  const { fixture, restore } = await createRestoreFixture();
  fixture.account.actions.length = 0;
  stubSnapshots(fixture, (text) => text.replace('<Engine>mysql<', '<Engine>postgres<'));
  await expect(restore()).rejects.toThrow(
    'The snapshot a-snapshot contains a database of postgres, not of MySQL.',
  );
  await expect(restore('another')).rejects.toThrow('There is no snapshot another of a database');
  expect(fixture.account.actions.join()).not.toMatch(/:(Create|Execute|Send|Start)/);
  const restored = restoreSnapshot(fixture.open('twit'), { snapshotId: 'a', dryRun: false });
  await expect(restored).rejects.toThrow(
    'There is no stack twit in this region. Run npm run cloud -- up --stack twit to create it.',
  );
});

import { expect, test } from 'vitest';
import { formatRestored, restore as restoreDatabase } from '../../../src/cloud/commands/restore.ts';
import { listDatabases } from '../../../src/cloud/database/databases.ts';
import { listDatabaseSnapshots } from '../../../src/cloud/database/snapshots.ts';
import { requireStack } from '../../../src/cloud/stack/stack.ts';
import { createDatabase, type StackFixture } from './fixture.ts';
import { createRestoreFixture, prompt, stubSnapshots } from './restore-fixture.ts';

/** Lists whether each database of the stack is protected. */
async function listProtected({ cloud }: StackFixture): Promise<boolean[]> {
  const databases = await listDatabases(cloud.clients.rds, cloud.stackName);
  return databases.map(({ isProtected }) => isProtected);
}

test('`cloud restore` creates another database, initializes it, and replaces the instances', async () => {
  const { fixture, outputs, snapshotId, restore } = await createRestoreFixture();
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
  const point = { snapshotId };
  await restoreDatabase(cloud, { point, dryRun: false, prompt });
  const stack = await requireStack(fixture.cloud);
  expect(stack.parameters).toMatchObject({ DatabaseSnapshot: snapshotId, SetUp: 'no' });
  expect(stack.outputs.DatabaseId).not.toBe(outputs.DatabaseId);
  expect(fixture.scripts.at(-1)).toContain(`DB_HOST='${stack.outputs.DatabaseEndpoint}'`);
  // With the alarm, AWS would stop the refresh: the old instances have lost their database.
  expect(refreshes).toEqual([
    expect.objectContaining({
      Preferences: expect.not.objectContaining({ AlarmSpecification: expect.anything() }),
    }),
  ]);
  const snapshots = await listDatabaseSnapshots(cloud.clients.rds, null);
  const last = snapshots.find(({ id }) => id !== snapshotId);
  expect(fixture.lines).toContain(
    `To return to the old database: npm run cloud -- restore ${last?.id}`,
  );
  expect(fixture.lines.at(-1)).toBe(
    formatRestored({ address: stack.outputs.Address ?? '', point, isReplaced: false }),
  );

  // The next `up` does not replace the database.
  await fixture.up({ BackupDays: '3' });
  const after = await requireStack(fixture.cloud);
  expect(after.outputs.DatabaseId).toBe(stack.outputs.DatabaseId);
  expect(after.parameters).toMatchObject({ DatabaseSnapshot: snapshotId, BackupDays: '3' });

  // A repeated restore does not replace the database.
  await restore();
  expect((await requireStack(fixture.cloud)).outputs.DatabaseId).toBe(stack.outputs.DatabaseId);
  expect(fixture.lines).toContainEqual(expect.stringContaining('aws rds copy-db-snapshot'));
  expect(fixture.lines.at(-1)).toBe(
    formatRestored({ address: stack.outputs.Address ?? '', point, isReplaced: true }),
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
    ' MiniTwit is unavailable until the restore is complete. Run npm run cloud -- restore minitwit-1 again.';
  // The protection of the old database is disabled with this request, and enabled again.
  stopAt('rds:ModifyDBInstance');
  await expect(restore()).rejects.toThrow(/^Stopped by SIGINT\.$/);
  expect(await listProtected(fixture)).toEqual([true]);
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
  const { parameters } = await requireStack(fixture.cloud);
  expect(parameters).toMatchObject({ DatabaseSnapshot: snapshotId, SetUp: 'no' });
  expect(await listProtected(fixture)).toEqual([true]);
});

test('`cloud restore` without a permission of CloudFormation’s handler prints it, and leaves the old database protected', async () => {
  for (const action of ['rds:ModifyDBInstance', 'rds:RebootDBInstance']) {
    const { fixture, outputs, restore } = await createRestoreFixture();
    fixture.emulated.decide = async (request) =>
      request.action === action ? 'refused' : 'allowed';
    await expect(restore()).rejects.toThrow(
      new RegExp(
        `^Database \\(AWS::RDS::DBInstance\\) failed: .* not authorized to perform: ${action} .* ` +
          `You need the permission ${action}\\. .* The stack minitwit is UPDATE_ROLLBACK_COMPLETE\\.`,
      ),
    );
    const { parameters, outputs: now } = await requireStack(fixture.cloud);
    expect(now.DatabaseId).toBe(outputs.DatabaseId);
    expect(parameters).toMatchObject({ DatabaseSnapshot: '', SetUp: 'no' });
    expect(await listProtected(fixture)).toEqual([true]);
  }
});

test('`cloud restore` prints that the old database is unprotected if that cannot be changed back', async () => {
  const { fixture, outputs, restore } = await createRestoreFixture();
  fixture.emulated.fault = { resource: 'Database', reason: 'The storage is full.' };
  fixture.account.fail('rds:ModifyDBInstance', 'AccessDenied', { after: 1 });
  await expect(restore()).rejects.toThrow(
    new RegExp(
      `storage is full.*AccessDenied.* The database ${outputs.DatabaseId} is unprotected\\.$`,
    ),
  );
  fixture.account.clearFaults();
  await fixture.up();
  expect(await listProtected(fixture)).toEqual([true]);
});

test('`cloud restore` changes nothing without the name of the stack as the answer', async () => {
  const { fixture, snapshotId } = await createRestoreFixture();
  fixture.account.actions.length = 0;
  const options = { point: { snapshotId }, dryRun: false, prompt: async () => 'yes' };
  await expect(restoreDatabase(fixture.open(), options)).rejects.toThrow(
    'The answer is not minitwit. Nothing was changed.',
  );
  expect(fixture.account.actions.join()).not.toMatch(/:(Create|Execute|Modify|Send|Start)/);
});

test('`cloud restore` prints the old database if CloudFormation has abandoned it, because it is protected', async () => {
  const { fixture, outputs, restore } = await createRestoreFixture();
  const body = '<ModifyDBInstanceResponse><ModifyDBInstanceResult/></ModifyDBInstanceResponse>';
  fixture.account.stub('rds:ModifyDBInstance', () => ({ status: 200, body }));
  await restore();
  const databases = await listDatabases(fixture.cloud.clients.rds, 'minitwit');
  expect(databases).toHaveLength(2);
  expect(fixture.lines).toContainEqual(
    expect.stringMatching(
      new RegExp(
        `^The stack does not use the database ${outputs.DatabaseId}, which still exists \\(at most \\$\\d+\\.\\d\\d a month\\)\\. ` +
          `To delete it after a snapshot: aws rds modify-db-instance .* --no-deletion-protection && aws rds delete-db-instance `,
      ),
    ),
  );
});

test('`cloud restore` names the new database, its cost and how to delete it when AWS rolls back and cannot delete it', async () => {
  const { fixture, restore } = await createRestoreFixture();
  fixture.emulated.fault = { resource: 'Instances', reason: 'There is no room.' };
  await createDatabase(fixture.cloud.clients.rds, 'minitwit-new');
  await expect(restore()).rejects.toThrow(
    /no room\..* UPDATE_ROLLBACK_COMPLETE\. .* The stack does not use the database minitwit-new, which still exists \(at most \$13\.98 a month\)\. To delete it after a snapshot: aws rds delete-db-instance --db-instance-identifier minitwit-new /,
  );
});

test('`cloud restore --dry-run` prints the changes, and changes nothing', async () => {
  const { fixture, outputs, snapshotId, restore } = await createRestoreFixture();
  await restore({ snapshotId }, true);
  const replaced =
    /^ {2}± replace {2}Database \(AWS::RDS::DBInstance\): .*DBSnapshotIdentifier \(DatabaseSnapshot\)/;
  expect(fixture.lines).toContainEqual(expect.stringMatching(replaced));
  expect((await requireStack(fixture.cloud)).outputs.DatabaseId).toBe(outputs.DatabaseId);
  expect((await fixture.readState()).changeSets).toBe(0);
});

test('`cloud restore` rejects an incompatible or missing snapshot before it changes anything', async () => {
  const { fixture, restore } = await createRestoreFixture();
  fixture.account.actions.length = 0;
  stubSnapshots(fixture, (text) => text.replace('<Engine>mysql<', '<Engine>postgres<'));
  await expect(restore()).rejects.toThrow(
    'The snapshot minitwit-1 contains a database of postgres, not of MySQL.',
  );
  await expect(restore({ snapshotId: 'another' })).rejects.toThrow(
    'There is no snapshot another of a database',
  );
  expect(fixture.account.actions.join()).not.toMatch(/:(Create|Execute|Send|Start)/);
  const restored = restoreDatabase(fixture.open('twit'), {
    point: { snapshotId: 'a' },
    dryRun: false,
    prompt,
  });
  await expect(restored).rejects.toThrow(
    'There is no stack twit in this region. Run npm run cloud -- up --stack twit to create it.',
  );
});

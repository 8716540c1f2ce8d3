import { DescribeDBInstanceAutomatedBackupsCommand } from '@aws-sdk/client-rds';
import { expect, test } from 'vitest';
import { down } from '../../../src/cloud/commands/down.ts';
import { printStatus } from '../../../src/cloud/commands/status.ts';
import { listStackSnapshots } from '../../../src/cloud/database/snapshots.ts';
import { DELETES_ALL_BACKUPS } from '../../../src/cloud/teardown/backup-plan.ts';
import { createOperationsFixture, createStack, type OperationsFixture } from './fixture.ts';
import { makeImage } from '../make-image.ts';

const plain = { everything: false, dryRun: false, prompt: async () => 'minitwit' };
const dryRun = { ...plain, dryRun: true };

/** Creates an account with a stack that has no warehouse. Returns the id of its database, too. */
async function createFixtureWithDatabase() {
  const fixture = await createOperationsFixture();
  const cloud = fixture.open();
  const image = await makeImage(cloud, '1.3.0');
  const { outputs } = await createStack(cloud, image, {
    WarehouseVolumeGib: '0',
    SetUp: 'no',
  });
  return { fixture, databaseId: outputs.DatabaseId ?? '' };
}

/** Lists the databases that have automated backups. */
async function listBackups({ cloud }: OperationsFixture): Promise<(string | undefined)[]> {
  const request = new DescribeDBInstanceAutomatedBackupsCommand({});
  const { DBInstanceAutomatedBackups = [] } = await cloud.clients.rds.send(request);
  return DBInstanceAutomatedBackups.map((it) => it.DBInstanceIdentifier);
}

test('`cloud down` retains the automated backups, prints them with their cost before and after, and --everything deletes them', async () => {
  const { fixture, databaseId } = await createFixtureWithDatabase();
  await down(fixture.open(), dryRun);
  expect(fixture.lines).toContain(
    `A final snapshot of the database ${databaseId} is taken before it is deleted. It is retained until you delete it, for at most $1.90 a month.`,
  );
  expect(fixture.lines).toContain(
    `The automated backups of the database ${databaseId} are retained until their age in days is 7, for at most $15.20 a month.`,
  );
  await down(fixture.open(), { ...dryRun, everything: true });
  expect(fixture.lines).toContain(DELETES_ALL_BACKUPS);

  await down(fixture.open(), plain);
  expect(await listBackups(fixture)).toEqual([databaseId]);
  const remaining = new RegExp(
    `^  db-[A-Z0-9]+ +automated backups of the database ${databaseId}, from \\S+ \\S+ UTC to \\S+ \\S+ UTC, until \\S+ \\S+ UTC +at most \\$15\\.20 a month$`,
  );
  expect(fixture.lines).toContainEqual(expect.stringMatching(remaining));
  await printStatus(fixture.open());
  expect(fixture.lines).toContainEqual(expect.stringMatching(remaining));

  await down(fixture.open(), { ...plain, everything: true });
  expect(fixture.lines.at(-1)).toBe('No resources of minitwit remain.');
  expect(await listBackups(fixture)).toEqual([]);
});

test('`cloud down --everything` waits for automated backups whose database is being deleted, and ignores those that have expired', async () => {
  const { fixture } = await createFixtureWithDatabase();
  const action = 'rds:DeleteDBInstanceAutomatedBackup';
  fixture.account.fail(action, 'InvalidDBInstanceAutomatedBackupState', { status: 400, times: 1 });
  fixture.account.fail(action, 'DBInstanceAutomatedBackupNotFound', { status: 404, after: 1 });
  fixture.account.onRequest = (each) => {
    // The backups expire at the time of this request.
    if (each === action) fixture.emulated.backups.expire();
  };
  await down(fixture.open(), { ...plain, everything: true });
  expect(fixture.lines).toContainEqual(
    expect.stringMatching(/^The automated backups of \S+: the database is being deleted$/),
  );
  expect(fixture.lines.at(-1)).toBe('No resources of minitwit remain.');
});

test('`cloud down` prints that automated backups are deleted with a stack of an earlier version', async () => {
  const fixture = await createOperationsFixture();
  const template = `
Resources:
  Database:
    Type: AWS::RDS::DBInstance
    DeletionPolicy: Snapshot
    Properties: { Engine: mysql, DBInstanceClass: db.t4g.micro, AllocatedStorage: 20, BackupRetentionPeriod: 7 }
`;
  await createStack(fixture.open(), '', { template });
  const [databaseId] = await listBackups(fixture);
  await down(fixture.open(), plain);
  expect(fixture.lines).toContain(
    `The automated backups of the database ${databaseId} are deleted with it. To retain them, run npm run cloud -- up first.`,
  );
  expect(await listBackups(fixture)).toEqual([]);
});

test('`cloud down` prints that a database which was never initialized is deleted without a final snapshot', async () => {
  const fixture = await createOperationsFixture();
  // As `up` creates a stack.
  const template = `
Parameters:
  SetUp: { Type: String, Default: 'yes' }
Resources:
  Database:
    Type: AWS::RDS::DBInstance
    DeletionPolicy: Delete
    Properties: { Engine: mysql, DBInstanceClass: db.t4g.micro, AllocatedStorage: 20, BackupRetentionPeriod: 7 }
`;
  await createStack(fixture.open(), '', { template });
  const [databaseId] = await listBackups(fixture);
  await down(fixture.open(), plain);
  expect(fixture.lines).toContain(
    `The database ${databaseId} was not initialized and has no data, so no final snapshot of it is taken.`,
  );
  expect(fixture.lines.join('\n')).not.toContain('is taken before it is deleted');
  expect(await listStackSnapshots(fixture.cloud.clients.rds, 'minitwit')).toEqual([]);
});

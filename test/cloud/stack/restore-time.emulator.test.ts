import { expect, test } from 'vitest';
import { down } from '../../../src/cloud/commands/down.ts';
import { requireStack } from '../../../src/cloud/stack/stack.ts';
import { createRestoreFixture, prompt } from './restore-fixture.ts';

const DAY_MS = 24 * 3_600_000;

/** Returns a time this long ago, as the command line passes it. */
function before(ms: number): string {
  return new Date(Date.now() - ms).toISOString().replace(/\.\d+Z/, 'Z');
}

test('`cloud restore --time` restores the database to a time, once', async () => {
  const { fixture, outputs, restore } = await createRestoreFixture();
  const requested = new Set<string>();
  const { decide } = fixture.emulated;
  fixture.emulated.decide = (request) => {
    requested.add(request.action);
    return decide(request);
  };
  const time = before(2 * DAY_MS);
  await restore({ time });
  expect(fixture.lines[0]).toBe(
    `This restores a new database from the automated backups of the database ${outputs.DatabaseId}, as of ${time}. The old ` +
      'database is deleted after a final snapshot. Its automated backups are retained until their age in days is 7. MiniTwit is unavailable ' +
      'from then until the instances are replaced.',
  );
  const stack = await requireStack(fixture.cloud);
  expect(stack.parameters).toMatchObject({
    DatabaseSnapshot: '',
    DatabaseTime: time,
    DatabaseSource: expect.stringMatching(/^db-/),
    SetUp: 'no',
  });
  expect(stack.outputs.DatabaseId).not.toBe(outputs.DatabaseId);
  expect([...requested]).toEqual([
    'rds:RestoreDBInstanceToPointInTime',
    'rds:AddTagsToResource',
    'rds:ModifyDBInstance',
    'rds:RebootDBInstance',
    'rds:CreateDBSnapshot',
    'rds:DeleteDBInstance',
  ]);
  expect(fixture.lines.at(-1)).toMatch(
    new RegExp(` Its database contains the data of ${time}\\.$`),
  );

  // Neither a repeated restore nor `up` replaces the database.
  await restore({ time });
  expect(fixture.lines).toContain(
    'To restore this time a second time, choose a time that differs by a second.',
  );
  await fixture.up({ BackupDays: '3' });
  const after = await requireStack(fixture.cloud);
  expect(after.outputs.DatabaseId).toBe(stack.outputs.DatabaseId);
  expect(after.parameters).toMatchObject({ DatabaseTime: time, BackupDays: '3' });
});

test('`cloud restore` of a snapshot after a time replaces the database again', async () => {
  const { fixture, restore, snapshotId } = await createRestoreFixture();
  await restore({ time: before(DAY_MS) });
  const { outputs } = await requireStack(fixture.cloud);
  await restore();
  const stack = await requireStack(fixture.cloud);
  expect(stack.outputs.DatabaseId).not.toBe(outputs.DatabaseId);
  expect(stack.parameters).toMatchObject({
    DatabaseSnapshot: snapshotId,
    DatabaseTime: '',
    DatabaseSource: '',
  });
});

test('`cloud restore --time` finds the backups of the database of a removed stack', async () => {
  const { fixture, outputs, restore } = await createRestoreFixture();
  const time = before(DAY_MS);
  await down(fixture.open(), { everything: false, dryRun: false, prompt });
  // The new database has no older backups.
  fixture.emulated.backups.days = 0;
  await fixture.up();
  await restore({ time });
  expect(fixture.lines[0]).toContain(
    `backups of the database ${outputs.DatabaseId}, as of ${time}`,
  );
  const { parameters } = await requireStack(fixture.cloud);
  expect(parameters).toMatchObject({ DatabaseTime: time, SetUp: 'no' });
});

test('`cloud restore --time --dry-run` prints the changes, and changes nothing', async () => {
  const { fixture, outputs, restore } = await createRestoreFixture();
  await restore({ time: before(DAY_MS) }, true);
  const replaced =
    /^ {2}± replace {2}Database \(AWS::RDS::DBInstance\): .*RestoreTime \(DatabaseTime\)/;
  expect(fixture.lines).toContainEqual(expect.stringMatching(replaced));
  expect((await requireStack(fixture.cloud)).outputs.DatabaseId).toBe(outputs.DatabaseId);
  expect((await fixture.readState()).changeSets).toBe(0);
});

test('`cloud restore --time` prints the possible times for a time without a backup, and changes nothing', async () => {
  const { fixture, outputs, restore } = await createRestoreFixture();
  fixture.account.actions.length = 0;
  const windows = `These databases have automated backups: ${outputs.DatabaseId} from \\S+ \\S+ UTC to \\S+ \\S+ UTC\\.$`;
  for (const ms of [0, 8 * DAY_MS]) {
    const time = before(ms);
    await expect(restore({ time })).rejects.toThrow(
      new RegExp(`^No automated backup of minitwit contains ${time}\\. ${windows}`),
    );
  }
  expect(fixture.account.actions.join()).not.toMatch(/:(Create|Execute|Modify|Send|Start)/);
});

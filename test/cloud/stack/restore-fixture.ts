import { CreateDBSnapshotCommand, type RDSClient } from '@aws-sdk/client-rds';
import { restore as restoreDatabase } from '../../../src/cloud/commands/restore.ts';
import type { RestorePoint } from '../../../src/cloud/database/restore-point.ts';
import { requireStack } from '../../../src/cloud/stack/stack.ts';
import { createStackFixture, type StackFixture } from './fixture.ts';

/** The operator's answer to each prompt. */
export const prompt = async () => 'minitwit';

/** Creates a stack that serves, with a snapshot of its database. By default, `restore` restores this snapshot. */
export async function createRestoreFixture() {
  const fixture = await createStackFixture();
  await fixture.up();
  const { outputs } = await requireStack(fixture.cloud);
  const snapshotId = await createSnapshot(fixture.cloud.clients.rds, outputs.DatabaseId ?? '');
  stubSnapshots(fixture, (text) => text);
  const restore = (point: RestorePoint = { snapshotId }, dryRun = false) =>
    restoreDatabase(fixture.open(), { point, dryRun, prompt });
  fixture.lines.length = 0;
  return { fixture, outputs, snapshotId, restore };
}

async function createSnapshot(rds: RDSClient, DBInstanceIdentifier: string): Promise<string> {
  const DBSnapshotIdentifier = 'minitwit-1';
  await rds.send(new CreateDBSnapshotCommand({ DBInstanceIdentifier, DBSnapshotIdentifier }));
  return DBSnapshotIdentifier;
}

/** Makes all database snapshots encrypted, which the emulator does not support, and changes their responses. */
export function stubSnapshots({ account }: StackFixture, change: (text: string) => string) {
  account.stub('rds:DescribeDBSnapshots', async (_, pass) => {
    const { body, ...answer } = await pass();
    const text = body.toString().replaceAll('<Encrypted>false<', '<Encrypted>true<');
    return { ...answer, body: change(text) };
  });
}

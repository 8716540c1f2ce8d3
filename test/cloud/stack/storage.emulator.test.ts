import { ModifyDBInstanceCommand } from '@aws-sdk/client-rds';
import { expect, test } from 'vitest';
import { requireStack } from '../../../src/cloud/stack/stack.ts';
import { createRestoreFixture, stubSnapshots } from './restore-fixture.ts';

/** Creates a stack whose storage RDS has increased to this size. */
async function createGrownFixture(AllocatedStorage: number) {
  const created = await createRestoreFixture();
  const { rds } = created.fixture.cloud.clients;
  const DBInstanceIdentifier = created.outputs.DatabaseId;
  await rds.send(new ModifyDBInstanceCommand({ DBInstanceIdentifier, AllocatedStorage }));
  created.fixture.account.actions.length = 0;
  return created;
}

test('`cloud up` sets the storage to the size to which RDS has increased it, also at the limit', async () => {
  for (const sizeGib of [30, 40]) {
    const { fixture, outputs } = await createGrownFixture(sizeGib);
    await fixture.up();
    const stack = await requireStack(fixture.cloud);
    expect(stack.outputs.DatabaseId).toBe(outputs.DatabaseId);
    expect(stack.parameters).toMatchObject({
      DatabaseStorageGib: String(sizeGib),
      DatabaseStorageMaxGib: '40',
    });
  }
});

test('`cloud up` refuses to shrink the storage, and a limit that is less than 10 % above it, before a change', async () => {
  const { fixture } = await createGrownFixture(30);
  await expect(fixture.up({ DatabaseStorageGib: '25' })).rejects.toThrow(
    'The database has 30 GiB of storage, and RDS cannot shrink it to 25.',
  );
  await expect(fixture.up({ DatabaseStorageMaxGib: '32' })).rejects.toThrow(
    'DatabaseStorageMaxGib is 32. RDS requires 10 % more than the storage of 30 GiB. Run npm run cloud -- up --set ' +
      'DatabaseStorageMaxGib=33, or set it to 0, so that the storage does not grow.',
  );
  await expect(fixture.up({ DatabaseStorageGib: '40' })).rejects.toThrow(
    'DatabaseStorageMaxGib=44',
  );
  expect(fixture.account.actions.join()).not.toMatch(/:(Create|Execute|Modify)/);
  await fixture.up({ DatabaseStorageGib: '40', DatabaseStorageMaxGib: '0' });
  const { parameters } = await requireStack(fixture.cloud);
  expect(parameters).toMatchObject({ DatabaseStorageGib: '40', DatabaseStorageMaxGib: '0' });
});

test('`cloud restore` increases the storage to that of a larger snapshot, unless the limit is too low', async () => {
  const { fixture, restore } = await createRestoreFixture();
  const stubSize = (gib: number) =>
    stubSnapshots(fixture, (text) =>
      text.replaceAll(/<AllocatedStorage>\d+</g, `<AllocatedStorage>${gib}<`),
    );
  stubSize(38);
  await expect(restore()).rejects.toThrow('Run npm run cloud -- up --set DatabaseStorageMaxGib=42');
  stubSize(30);
  await restore();
  expect(fixture.lines).toContain(
    'The new database has 30 GiB of storage instead of 20, as the backup.',
  );
  const { parameters } = await requireStack(fixture.cloud);
  expect(parameters).toMatchObject({ DatabaseStorageGib: '30' });
});

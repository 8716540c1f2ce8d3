import { expect, test } from 'vitest';
import { down } from '../../../src/cloud/commands/down.ts';
import { errorMessage } from '../../../src/errors/error-message.ts';
import { expectEmptyAccount } from './empty-account.ts';
import { changesOf, createFixtureWithStack, type OperationsFixture } from './fixture.ts';

// The resources of a stack that down handles specially.
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

const REMOVALS = ['rds:DeleteDBSnapshot', 'ec2:DeregisterImage', 's3:DELETE', 'ec2:DeleteSnapshot'];

/** Runs `down --everything`, and returns `done` or the message of the error. */
function removeAll(fixture: OperationsFixture): Promise<string> {
  const options = { everything: true, dryRun: false, prompt: async () => 'minitwit' };
  return down(fixture.open(), options).then(() => 'done', errorMessage);
}

test('`cloud down` that is stopped continues when it is run again', async () => {
  const fixture = await createFixtureWithStack({ template });
  const { account } = fixture;
  for (const place of ['cloudformation:DeleteStack', REMOVALS[0]]) {
    account.actions.length = 0;
    account.onRequest = (action) => action === place && fixture.stop();
    expect(await removeAll(fixture), place).toMatch(/^Stopped by SIGINT\./);
    expect(changesOf(account), place).toEqual([place]);
  }
  account.onRequest = () => undefined;
  account.actions.length = 0;
  expect(await removeAll(fixture)).toBe('done');
  expect(changesOf(account)).toEqual(REMOVALS.slice(1));
  await expectEmptyAccount(fixture.open());
});

test('`cloud down` continues after each refused removal, and repeats these when it is run again', async () => {
  const fixture = await createFixtureWithStack({ template });
  for (const action of REMOVALS) fixture.account.fail(action, 'AccessDenied', { times: 1 });
  const outcome = await removeAll(fixture);
  expect(outcome).toMatch(/^These resources could not be removed, and continue to cost:\n/);
  // The snapshot of an image is listed only after the image is deregistered.
  expect(outcome.match(/^ {2}\S+: Cannot .*AccessDenied/gm), outcome).toHaveLength(3);
  expect(await removeAll(fixture)).toMatch(/^ {2}snap-\w+: Cannot .*AccessDenied/m);
  expect(await removeAll(fixture)).toBe('done');
  await expectEmptyAccount(fixture.open());
});

test('`cloud down` leaves nothing when the responses to all removals are lost', async () => {
  const fixture = await createFixtureWithStack({ template });
  for (const action of ['cloudformation:DeleteStack', ...REMOVALS])
    fixture.account.loseResponse(action);
  expect(await removeAll(fixture)).toBe('done');
  await expectEmptyAccount(fixture.open());
});

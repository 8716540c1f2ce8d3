import { expect, test } from 'vitest';
import { roll } from '../../src/cloud/commands/roll.ts';
import { createBuildFixture } from './image/fixture.ts';
import { createOperationsFixture, createStack, makeImage } from './operations/fixture.ts';
import { listOperatorPolicies } from './permissions/operator-policies.ts';

const OF_A_DEPLOYMENT = new Set([
  'minitwit-operator-read',
  'minitwit-operator-images',
  'minitwit-deployment',
]);
const allowed = listOperatorPolicies()
  .filter(({ name }) => OF_A_DEPLOYMENT.has(name))
  .flatMap(({ document }) => document.Statement)
  .filter(({ Effect }) => Effect === 'Allow')
  .flatMap(({ Action }) => Action);

/** Returns the actions that the role of a deployment lacks. */
function listRefused(actions: string[]): string[] {
  const requested = new Set(actions.map((it) => it.replace(/^monitoring:/, 'cloudwatch:')));
  // Every caller may read its own identity. The stub knows only the methods of requests to S3.
  return [...requested].filter(
    (action) =>
      action !== 'sts:GetCallerIdentity' &&
      !action.startsWith('s3:') &&
      !allowed.some((each) =>
        each.endsWith('*') ? action.startsWith(each.slice(0, -1)) : each === action,
      ),
  );
}

test('the role of a deployment has the permissions of all requests of `cloud image`', async () => {
  const fixture = await createBuildFixture();
  fixture.account.actions.length = 0;
  expect(await fixture.build()).toBe('done');
  expect(listRefused(fixture.account.actions)).toEqual([]);
});

test('the role of a deployment has the permissions of all requests of `cloud roll`', async () => {
  const { open, account } = await createOperationsFixture();
  await createStack(open(), await makeImage(open(), '1.3.0'));
  await makeImage(open(), '1.4.0');
  account.actions.length = 0;
  await roll(open(), { dryRun: false });
  expect(account.actions).toContain('autoscaling:StartInstanceRefresh');
  expect(account.actions).toContain('cloudformation:ExecuteChangeSet');
  expect(listRefused(account.actions)).toEqual([]);
});

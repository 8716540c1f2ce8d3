import { expect, test } from 'vitest';
import { roll } from '../../src/cloud/commands/roll.ts';
import { createBuildFixture } from './image/fixture.ts';
import { createOperationsFixture, createStack } from './operations/fixture.ts';
import { makeImage } from './make-image.ts';
import { enforceOperatorPolicies } from './permissions/enforce.ts';
import { listOperatorPolicies } from './permissions/operator-policies.ts';

const OF_A_DEPLOYMENT = new Set([
  'minitwit-operator-read',
  'minitwit-operator-images',
  'minitwit-deployment',
]);
const policies = listOperatorPolicies().filter(({ name }) => OF_A_DEPLOYMENT.has(name));

test('with the permissions of a deployment, `cloud image` builds an image', async () => {
  const { account, cloud, build } = await createBuildFixture();
  const enforced = await enforceOperatorPolicies(cloud.clients, account.id, policies);
  expect(await build()).toBe('done');
  expect(enforced.refused).toEqual([]);
  expect(enforced.allowed).toContain('iam:CreateRole');
});

test('with the permissions of a deployment, `cloud roll` replaces the instances and migrates the database', async () => {
  const { open, cloud, account } = await createOperationsFixture();
  await createStack(open(), await makeImage(open(), '1.3.0'));
  await makeImage(open(), '1.9.0', 2);
  const enforced = await enforceOperatorPolicies(cloud.clients, account.id, policies);
  await roll(open(), { dryRun: false });
  expect(enforced.refused).toEqual([]);
  expect(enforced.allowed).toContain('autoscaling:StartInstanceRefresh');
  expect(enforced.allowed).toContain('cloudformation:ExecuteChangeSet');
});

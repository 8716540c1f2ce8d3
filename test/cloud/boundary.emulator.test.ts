import {
  CreatePolicyCommand,
  GetRoleCommand,
  type IAMClient,
  ListRolesCommand,
} from '@aws-sdk/client-iam';
import { expect, test } from 'vitest';
import { findBoundary } from '../../src/cloud/boundary.ts';
import { up } from '../../src/cloud/commands/up.ts';
import { role } from '../../src/cloud/image/role-step.ts';
import { createBuildContext } from '../../src/cloud/image/build.ts';
import { planBuild } from '../../src/cloud/image/plan.ts';
import { requireStack } from '../../src/cloud/stack/stack.ts';
import { createOperationsFixture } from './operations/fixture.ts';
import { makeImage } from './make-image.ts';

const Statement = [{ Effect: 'Allow', Action: 'ssm:UpdateInstanceInformation', Resource: '*' }];

/** Creates the boundary as an administrator does, and returns its ARN. */
async function createBoundary(iam: IAMClient): Promise<string | undefined> {
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
  const request = new CreatePolicyCommand({ PolicyName: 'minitwit-boundary', PolicyDocument });
  return (await iam.send(request)).Policy?.Arn;
}

/** Lists the permissions boundaries of all roles of the account. */
async function listBoundaries(iam: IAMClient): Promise<(string | undefined)[]> {
  const { Roles = [] } = await iam.send(new ListRolesCommand());
  const read = ({ RoleName }: { RoleName?: string | undefined }) =>
    iam.send(new GetRoleCommand({ RoleName }));
  const roles = await Promise.all(Roles.map(read));
  return roles.map(({ Role }) => Role?.PermissionsBoundary?.PermissionsBoundaryArn);
}

test('an account without the boundary gets roles without it', async () => {
  const { open, cloud } = await createOperationsFixture();
  const { iam } = cloud.clients;
  expect(await findBoundary(cloud.clients)).toBeNull();
  const plan = await planBuild(cloud.clients, 't3.small');
  await role.run?.(createBuildContext(open(), plan));
  await makeImage(cloud, '1.0.0');
  await up(open(), { parameters: {}, dryRun: false });
  expect(await listBoundaries(iam)).toEqual([undefined, undefined]);

  // An administrator creates the boundary later. The next `up` adds it, which the emulator's roles ignore.
  await createBoundary(iam);
  await up(open(), { parameters: {}, dryRun: false });
  expect((await requireStack(open())).parameters).toMatchObject({
    PermissionsBoundary: 'minitwit-boundary',
  });
});

test('the roles of the builder and of the instances have the boundary of the account', async () => {
  const { open, cloud } = await createOperationsFixture();
  const { iam } = cloud.clients;
  const arn = await createBoundary(iam);
  expect(await findBoundary(cloud.clients)).toBe(arn);
  const plan = await planBuild(cloud.clients, 't3.small');
  await role.run?.(createBuildContext(open(), plan));
  await makeImage(cloud, '1.0.0');
  await up(open(), { parameters: {}, dryRun: false });
  expect(await listBoundaries(iam)).toEqual([arn, arn]);
});

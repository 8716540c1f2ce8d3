import { randomBytes } from 'node:crypto';
import { CreateRoleCommand } from '@aws-sdk/client-iam';
import { type BucketLocationConstraint, CreateBucketCommand } from '@aws-sdk/client-s3';
import { expect, onTestFinished, test, vi } from 'vitest';
import { runSteps } from '../../../src/cli/steps.ts';
import { createBuildContext } from '../../../src/cloud/image/build.ts';
import { planBuild } from '../../../src/cloud/image/plan.ts';
import { BUILD_STEPS } from '../../../src/cloud/image/steps.ts';
import {
  listUnfinishedBuilds,
  removeUnfinishedBuilds,
} from '../../../src/cloud/image/unfinished-builds.ts';
import { listMiniTwitImages } from '../../../src/cloud/images.ts';
import { createBuildFixture } from './fixture.ts';

test('`cloud image` removes the resources of a killed process that can no longer run', async () => {
  const fixture = await createBuildFixture();
  const { cloud } = fixture;
  const before = await fixture.list();
  const plan = await planBuild(cloud.clients, 't3.small');
  const build = createBuildContext(cloud, plan);
  // All steps but the last, which completes the image.
  await runSteps(BUILD_STEPS.slice(0, -1), build);
  const left = (await fixture.list()).filter((it) => !before.includes(it));
  expect(left).toHaveLength(8);
  expect(await listMiniTwitImages(cloud.clients.ec2)).toEqual([]);

  expect(await fixture.build()).toBe('done');
  expect(fixture.lines.join('\n')).toMatch(
    new RegExp(`The build ${plan.runId} .* may still be running`),
  );
  expect(await fixture.list()).toEqual(expect.arrayContaining(left));

  onTestFinished(() => void vi.useRealTimers());
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3 * 3_600_000 });
  expect(await fixture.build()).toBe('done');
  expect(fixture.lines.join('\n')).toContain(
    `Removing the resources of the build ${plan.runId}, which started 3 h`,
  );
  const still = await fixture.list();
  expect(left.filter((it) => still.includes(it))).toEqual([]);
});

test('`cloud image` finds unfinished builds on every page of a list, and retains those of other regions', async () => {
  const fixture = await createBuildFixture();
  const { iam, s3 } = fixture.cloud.clients;
  const begin = async (region: string, runId: string) => {
    const name = `minitwit-builder-${runId}`;
    const AssumeRolePolicyDocument = '{"Version":"2012-10-17","Statement":[]}';
    const Path = `/minitwit-builder/${region}/`;
    await iam.send(new CreateRoleCommand({ RoleName: name, Path, AssumeRolePolicyDocument }));
    const Bucket = name.toLowerCase();
    const elsewhere = { LocationConstraint: region as BucketLocationConstraint };
    const where = region === 'us-east-1' ? {} : { CreateBucketConfiguration: elsewhere };
    await s3.send(new CreateBucketCommand({ Bucket, ...where }));
  };
  // A bucket name is unique across all accounts.
  const [first = '', second = '', third = ''] = [20, 21, 22].map(
    (day) => `202511${day}T001500Z-${randomBytes(2).toString('hex')}`,
  );
  await begin('us-east-1', first);
  await begin('us-east-1', second);
  const before = await fixture.list();
  await begin('eu-west-1', third);
  const onlyThere = (await fixture.list()).filter((it) => !before.includes(it));
  fixture.account.stub('iam:ListRoles', ({ body }, pass) => pass(`${body.toString()}&MaxItems=1`));

  const found = await listUnfinishedBuilds(fixture.cloud.clients);
  expect(found.map(({ runId }) => runId)).toEqual([first, second]);
  await removeUnfinishedBuilds(fixture.cloud);
  const still = await fixture.list();
  expect(still.filter((it) => it.startsWith('minitwit-builder-'))).toEqual(onlyThere);
});

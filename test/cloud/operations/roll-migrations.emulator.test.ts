import { expect, test } from 'vitest';
import type { CloudContext } from '../../../src/cloud/context.ts';
import { roll } from '../../../src/cloud/commands/roll.ts';
import { setMasterAccess } from '../../../src/cloud/database/master-access.ts';
import { changeStack } from '../../../src/cloud/stack/change-stack.ts';
import { toChangedParameters } from '../../../src/cloud/stack/parameters.ts';
import { requireStack } from '../../../src/cloud/stack/stack.ts';
import { makeImage } from '../make-image.ts';
import { changesOf, createFixtureWithStack, isChange } from './fixture.ts';

const now = { dryRun: false };

/** Returns whether the instances may read the master password, and the image of the stack. */
async function describe(cloud: CloudContext) {
  const { SetUp, ImageId } = (await requireStack(cloud)).parameters;
  return { setUp: SetUp, image: ImageId };
}

/** Records SetUp at the start of each instance refresh. */
function recordAccess({ clients }: CloudContext, reader: CloudContext): string[] {
  const heard: string[] = [];
  clients.autoScaling.middlewareStack.add(
    (next, { commandName }) =>
      async (given) => {
        if (commandName === 'StartInstanceRefreshCommand')
          heard.push((await describe(reader)).setUp ?? '');
        return next(given);
      },
    { step: 'initialize' },
  );
  return heard;
}

/** Creates a stack that serves, and an image with a migration that its database lacks. */
async function createSite(parameters: Record<string, string> = { SetUp: 'no' }) {
  const fixture = await createFixtureWithStack(parameters);
  const image = await makeImage(fixture.open(), '1.9.0', 2);
  const access = recordAccess(fixture.cloud, fixture.cloud);
  fixture.account.actions.length = 0;
  return { ...fixture, image, access };
}

test('`cloud roll` allows the instances to read the master password while it replaces them by those of an image with a new migration', async () => {
  const { account, cloud, open, lines, image, access } = await createSite();
  await roll(open(), { dryRun: true });
  const plan =
    'The first new instance migrates the database to version 2 of the tables, while the old instances serve. ' +
    'Meanwhile, the instances may read the master password.';
  expect(lines.slice(-2)).toEqual([plan, 'Nothing was changed.']);
  expect(changesOf(account)).toEqual([]);

  await roll(open(), now);
  expect(lines).toContain(plan);
  expect(access).toEqual(['yes']);
  expect(await describe(cloud)).toEqual({ setUp: 'no', image });
});

test('`cloud roll` allows it neither for an image without a new migration nor to return to the previous image', async () => {
  const { cloud, open, lines, access } = await createSite();
  await roll(open(), now);
  const same = await makeImage(open(), '1.9.1', 2);
  for (const options of [{ imageId: same }, { isBack: true }]) {
    await roll(open(), { ...now, ...options });
    expect(lines.join('\n')).not.toContain('master password');
  }
  expect(access).toEqual(['yes', 'no', 'no']);
  expect(await describe(cloud)).toMatchObject({ setUp: 'no' });
});

test('`cloud roll` to an image with a new migration, stopped at any change, takes the permission away and completes when it is run again', async () => {
  let isStopped = true;
  let stops = 0;
  while (isStopped) {
    const { account, cloud, open, stop, image, access } = await createSite();
    let changes = 0;
    isStopped = false;
    account.onRequest = (action) => {
      if (!isChange(action) || changes++ !== stops) return;
      isStopped = true;
      stop();
    };
    const outcome = await roll(open(), now).then(() => 'done', String);
    expect(outcome).toMatch(isStopped ? 'Stopped by SIGINT.' : 'done');
    expect(await describe(cloud)).toMatchObject({ setUp: 'no' });
    account.onRequest = () => undefined;
    await roll(open(), now);
    expect(await describe(cloud)).toEqual({ setUp: 'no', image });
    expect(access).toEqual(['yes']);
    if (isStopped) stops += 1;
  }
  expect(stops).toBeGreaterThan(6);
});

test('`cloud roll` takes the permission away that a killed `roll` has left', async () => {
  const { cloud, open, image, access } = await createSite({ SetUp: 'yes' });
  await roll(open(), now);
  expect(access).toEqual(['yes']);
  expect(await describe(cloud)).toEqual({ setUp: 'no', image });
});

test('`cloud roll` to the previous image reports the permission that a killed `roll` has left', async () => {
  const { cloud, open, lines, image } = await createSite();
  await roll(open(), now);
  await setMasterAccess(open(), await requireStack(cloud), 'yes');
  await roll(open(), { ...now, isBack: true });
  expect(lines).toContain(
    'The instances may read the master password, because an earlier command was interrupted. To complete it and to ' +
      'remove the permission, run npm run cloud -- up.',
  );
  expect(await describe(cloud)).toMatchObject({ setUp: 'yes' });
  expect(await describe(cloud)).not.toMatchObject({ image });
});

test('`cloud roll` migrates for an image that `cloud up` has stored in the stack before', async () => {
  const { cloud, open, image, access } = await createSite();
  // The emulator assigns an instance its version when it is first read.
  await roll(open(), { dryRun: true });
  const stack = await requireStack(cloud);
  const parameters = toChangedParameters(stack, { ImageId: image });
  await changeStack(open(), stack, { template: null, parameters, dryRun: false });
  await roll(open(), now);
  expect(access).toEqual(['yes']);
  expect(await describe(cloud)).toEqual({ setUp: 'no', image });
});

test('`cloud roll` refuses an image with a new migration if the stack has the template of an earlier version', async () => {
  const { account, open } = await createSite();
  account.stub('ec2:DescribeLaunchTemplateVersions', async (_, pass) => {
    const { body, ...answer } = await pass();
    return { ...answer, body: String(body).replaceAll(/<userData>.*?<\/userData>/gs, '') };
  });
  await expect(roll(open(), now)).rejects.toThrow(
    'The image has new migrations, and the stack has the template of a version that cannot apply them. Run npm run cloud -- up first.',
  );
  expect(changesOf(account)).toEqual([]);
});

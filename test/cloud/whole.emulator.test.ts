import { CreateTagsCommand } from '@aws-sdk/client-ec2';
import { expect, test } from 'vitest';
import { WAREHOUSE_TAG } from '../../src/aws/tags.ts';
import type { CloudContext } from '../../src/cloud/context.ts';
import { down } from '../../src/cloud/commands/down.ts';
import { buildImage } from '../../src/cloud/commands/image.ts';
import { restore } from '../../src/cloud/commands/restore.ts';
import { roll } from '../../src/cloud/commands/roll.ts';
import { takeSnapshot } from '../../src/cloud/commands/snapshot.ts';
import { printStatus } from '../../src/cloud/commands/status.ts';
import { up } from '../../src/cloud/commands/up.ts';
import { listMiniTwitImages } from '../../src/cloud/images.ts';
import { requireStack } from '../../src/cloud/stack/stack.ts';
import { type EmulatedAccount, openEmulatedAccount } from '../support/aws-account.ts';
import { emulate } from './emulated.ts';
import { emulateVersions } from './emulated/versions.ts';
import { imageStubs } from './image/fixture.ts';
import { expectEmptyAccount } from './operations/empty-account.ts';
import { enforceOperatorPolicies } from './permissions/enforce.ts';
import { openTestCloud } from './test-cloud.ts';

const now = { dryRun: false };
const build = { ...now, instanceType: 't3.small' };

/** Adds to the response that snapshots are encrypted, which the emulator omits. */
function reportEncryptedSnapshots(account: EmulatedAccount): void {
  account.stub('rds:DescribeDBSnapshots', async (_, pass) => {
    const { body, ...answer } = await pass();
    return { ...answer, body: String(body).replaceAll('<Encrypted>false<', '<Encrypted>true<') };
  });
}

/** Adds the tags of the volume, since the emulator's volumes have only the tags of their stack. */
async function tagVolume({ clients: { ec2 }, stackName }: CloudContext, id = ''): Promise<void> {
  const Tags = [{ Key: WAREHOUSE_TAG, Value: stackName }];
  await ec2.send(new CreateTagsCommand({ Resources: [id], Tags }));
}

/** Opens an empty account. `open` returns the context of the next command, and `lines` is the last command's output. */
async function openSite() {
  const account = await openEmulatedAccount();
  const emulated = emulate(account);
  emulateVersions(account);
  reportEncryptedSnapshots(account);
  const scripts: string[] = [];
  emulated.runScript = (script) => {
    scripts.push(script);
    return {};
  };
  const { cloud: admin } = openTestCloud();
  const { open, lines, cloud } = openTestCloud();
  const enforced = await enforceOperatorPolicies(cloud.clients, account.id);
  for (const [action, stand] of Object.entries(imageStubs(account))) {
    account.stub(action, stand);
  }
  return { open, lines, scripts, enforced, admin };
}

test('with the permissions of an operator, the commands create a site in an empty account, operate it and remove it', async () => {
  const { open, lines, scripts, enforced, admin } = await openSite();
  const imageIds = async () => (await listMiniTwitImages(open().clients.ec2)).map(({ id }) => id);
  await expectEmptyAccount(admin);

  await buildImage(open(), build);
  const [first] = await imageIds();
  await up(open(), { ...now, parameters: { WarehouseVolumeGib: '20' } });
  const { outputs, parameters } = await requireStack(open());
  expect(parameters).toMatchObject({ ImageId: first, SetUp: 'no' });
  await tagVolume(open(), outputs.WarehouseVolumeId);
  // One script builds the image, and the other initializes the database.
  expect(scripts).toHaveLength(2);
  expect(scripts[1]).toContain(`DB_HOST='${outputs.DatabaseEndpoint}'`);

  await printStatus(open());
  expect(lines.slice(0, 3)).toEqual([
    'STACK',
    expect.stringMatching(/minitwit, \w+_COMPLETE$/),
    `  ${outputs.Address}`,
  ]);
  expect(lines.filter((line) => / running +healthy /.test(line))).toHaveLength(2);

  await buildImage(open(), build);
  const second = (await imageIds()).find((id) => id !== first);
  await roll(open(), now);
  expect((await requireStack(open())).parameters.ImageId).toBe(second);
  await printStatus(open());
  expect(lines.join('\n')).toMatch(new RegExp(`${second} .* of the stack`));

  await takeSnapshot(open(), now);
  const [, snapshotId = ''] = / restore (\S+)$/.exec(lines.at(-1) ?? '') ?? [];
  await restore(open(), { ...now, point: { snapshotId }, prompt: async () => 'minitwit' });
  const restored = await requireStack(open());
  expect(restored.parameters).toMatchObject({
    DatabaseSnapshot: snapshotId,
    ImageId: second,
    SetUp: 'no',
  });
  expect(restored.outputs.DatabaseId).not.toBe(outputs.DatabaseId);
  await printStatus(open());
  expect(lines.filter((line) => / running +healthy /.test(line))).toHaveLength(2);

  await down(open(), { ...now, everything: true, prompt: async () => 'minitwit' });
  expect(enforced.refused).toEqual([]);
  expect(enforced.allowed.size).toBeGreaterThan(50);
  await expectEmptyAccount(admin);
});

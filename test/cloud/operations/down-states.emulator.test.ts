import { DeleteVolumeCommand, RunInstancesCommand } from '@aws-sdk/client-ec2';
import { DeleteStackCommand } from '@aws-sdk/client-cloudformation';
import { expect, test } from 'vitest';
import { listInstances } from '../../../src/aws/ec2/instances.ts';
import { tagSpecifications } from '../../../src/aws/ec2/tags.ts';
import { createRunId } from '../../../src/cli/run-id.ts';
import { down } from '../../../src/cloud/commands/down.ts';
import { createChangeSet } from '../../../src/cloud/stack/change-set.ts';
import { findStack } from '../../../src/cloud/stack/stack.ts';
import { expectEmptyAccount, listAccount } from './empty-account.ts';
import { changesOf, createOperationsFixture, createStack, createVolume } from './fixture.ts';
import { makeImage } from '../make-image.ts';

const template = `
Resources:
  WarehouseGroup:
    Type: AWS::EC2::SecurityGroup
    Properties: { GroupDescription: the warehouse }
`;
const plain = { everything: false, dryRun: false, prompt: async () => 'minitwit' };
const neverPrompt = async () => Promise.reject(new Error('Unexpected prompt.'));

test('`cloud down` removes nothing in an empty account', async () => {
  const fixture = await createOperationsFixture();
  await down(fixture.open(), { ...plain, everything: true, prompt: neverPrompt });
  expect(fixture.lines).toEqual([
    'There is no stack minitwit in this region.',
    'No resources of minitwit remain.',
  ]);
  expect(changesOf(fixture.account)).toEqual([]);
});

test('`cloud down` removes a stack whose creation failed, and an empty stack', async () => {
  const fixture = await createOperationsFixture();
  fixture.emulated.fault = { resource: 'WarehouseGroup', reason: 'VcpuLimitExceeded' };
  await expect(createStack(fixture.open(), '', { template })).rejects.toThrow('ROLLBACK_COMPLETE');
  await down(fixture.open(), plain);
  await expectEmptyAccount(fixture.open());

  const order = { name: 'minitwit-1', kind: 'CREATE', template, parameters: [] } as const;
  await createChangeSet(fixture.open(), { ...order, parameters: [] });
  expect(await findStack(fixture.open())).toMatchObject({ status: 'REVIEW_IN_PROGRESS' });
  await down(fixture.open(), plain);
  await expectEmptyAccount(fixture.open());
});

test('`cloud down` waits for a removal in progress without another prompt', async () => {
  const fixture = await createOperationsFixture();
  const cloud = fixture.open();
  await createStack(cloud, '', { template });
  await cloud.clients.cloudFormation.send(new DeleteStackCommand({ StackName: 'minitwit' }));
  fixture.account.actions.length = 0;
  await down(fixture.open(), { ...plain, prompt: neverPrompt });
  expect(changesOf(fixture.account)).toEqual([]);
  await expectEmptyAccount(fixture.open());
});

test('`cloud down` prints the resources that AWS cannot remove and a hint, and continues when it is run again', async () => {
  const fixture = await createOperationsFixture();
  await createStack(fixture.open(), '', { template });
  const reason = 'resource sg-1 has a dependent object (Service: Ec2, Status Code: 400)';
  fixture.emulated.fault = { resource: 'WarehouseGroup', reason };
  await expect(down(fixture.open(), plain)).rejects.toThrow(
    `WarehouseGroup (AWS::EC2::SecurityGroup): ${reason}. A resource outside of the stack uses it.`,
  );
  expect(await findStack(fixture.open())).toMatchObject({ status: 'DELETE_FAILED' });
  const volume = await createVolume(fixture.open(), { 'minitwit:stack': 'minitwit' });
  fixture.emulated.fault = { resource: 'WarehouseGroup', reason };
  await expect(down(fixture.open(), plain)).rejects.toThrow(
    `AWS bills these resources until they are removed: the volume ${volume}, available (at most $0.80 a month).`,
  );
  await fixture.cloud.clients.ec2.send(new DeleteVolumeCommand({ VolumeId: volume }));
  await down(fixture.open(), plain);
  await expectEmptyAccount(fixture.open());
});

test('`cloud down` names orphaned resources of a stack that no longer exists', async () => {
  const fixture = await createOperationsFixture({ waitMaxMs: 20 });
  const volume = await createVolume(fixture.open(), { 'minitwit:stack': 'minitwit' });
  await createVolume(fixture.open(), { 'minitwit:stack': 'another' });
  await expect(down(fixture.open(), plain)).rejects.toThrow(
    new RegExp(
      `still the volume ${volume}, available \\(at most \\$\\d\\.\\d\\d a month\\).* Delete them by hand`,
    ),
  );
});

test('`cloud down --everything` retains resources that other stacks may need', async () => {
  const fixture = await createOperationsFixture();
  const cloud = fixture.open('twit');
  const image = await makeImage(cloud, '1.3.0');
  await createStack(cloud, image, { template });
  const volume = await createVolume(cloud, { 'minitwit:warehouse': 'vol-1' });
  await createStack(fixture.open(), image, { template });
  await down(fixture.open(), { ...plain, everything: true });
  expect(fixture.lines.at(-1)).toBe(
    'Resources that belong to no stack, such as images, are retained for twit.',
  );
  expect(await listAccount(cloud)).toMatchObject({ images: [image], volumes: [volume] });
  await down(fixture.open('twit'), { ...plain, everything: true, prompt: async () => 'twit' });
  await expectEmptyAccount(cloud);
});

test('`cloud down` removes nothing while the warehouse runs', async () => {
  const fixture = await createOperationsFixture();
  const cloud = fixture.open();
  await createStack(cloud, '', { template });
  const { groups = [] } = await listAccount(cloud);
  const one = { ImageId: 'ami-12c6146b', MinCount: 1, MaxCount: 1 };
  await cloud.clients.ec2.send(new RunInstancesCommand({ ...one, SecurityGroups: groups }));
  fixture.account.actions.length = 0;
  await expect(down(fixture.open(), plain)).rejects.toThrow(/The warehouse is running \(i-/);
  expect(changesOf(fixture.account)).toEqual([]);
});

test('`cloud down` removes nothing during a scheduled run, also before the warehouse’s server exists', async () => {
  const fixture = await createOperationsFixture();
  const cloud = fixture.open();
  await createStack(cloud, '', { template });
  const TagSpecifications = tagSpecifications({ Name: 'minitwit-scheduled-run' }, 'instance');
  const one = { ImageId: 'ami-12c6146b', MinCount: 1, MaxCount: 1 };
  await cloud.clients.ec2.send(new RunInstancesCommand({ ...one, TagSpecifications }));
  fixture.account.actions.length = 0;
  await expect(down(fixture.open(), plain)).rejects.toThrow(/The warehouse is running \(i-/);
  expect(changesOf(fixture.account)).toEqual([]);
});

test('`cloud down` removes an interrupted image, and retains an image that may still be created', async () => {
  const fixture = await createOperationsFixture();
  const { ec2 } = fixture.open().clients;
  const begin = async (at: Date) => {
    const tags = { 'minitwit:image': 'builder', 'minitwit:run': createRunId(at) };
    const one = { ImageId: 'ami-12c6146b', MinCount: 1, MaxCount: 1 };
    const TagSpecifications = tagSpecifications(tags, 'instance');
    await ec2.send(new RunInstancesCommand({ ...one, TagSpecifications }));
    return tags['minitwit:run'];
  };
  const old = await begin(new Date(Date.now() - 3 * 3_600_000));
  const young = await begin(new Date());
  const planned = `It also removes the resources of the build ${old}, which started 3 h 0 min ago.`;
  await down(fixture.open(), { ...plain, dryRun: true });
  expect(fixture.lines).toContain(planned);
  await down(fixture.open(), plain);
  expect(fixture.lines).toContain(planned);
  const running = { Name: 'instance-state-name', Values: ['running'] };
  const left = await listInstances(ec2, [running]);
  expect(left.map(({ runId }) => runId)).toEqual([young]);
  expect(fixture.lines.join('\n')).toContain(
    `Removing the resources of the build ${old}, which started 3 h 0 min ago`,
  );
  expect(fixture.lines.join('\n')).toMatch(
    new RegExp(`The build ${young} .* may still be running`),
  );
});

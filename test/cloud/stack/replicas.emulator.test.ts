import { DescribeLaunchTemplateVersionsCommand } from '@aws-sdk/client-ec2';
import { expect, test } from 'vitest';
import { down } from '../../../src/cloud/commands/down.ts';
import { printStatus } from '../../../src/cloud/commands/status.ts';
import { listDatabases } from '../../../src/cloud/database/databases.ts';
import { listResources } from '../../../src/cloud/stack/resources.ts';
import { requireStack } from '../../../src/cloud/stack/stack.ts';
import { createStackFixture, type StackFixture } from './fixture.ts';
import { createRestoreFixture, prompt } from './restore-fixture.ts';

const RESTARTS = /^The database restarts once/;

/** Returns the replicas of the stack's database, and the hosts from which new instances read. */
async function readReplicas({ cloud }: StackFixture) {
  const stack = await requireStack(cloud);
  const databases = await listDatabases(cloud.clients.rds, 'minitwit');
  return {
    replicable: stack.parameters.Replicable,
    databaseId: stack.outputs.DatabaseId,
    replicas: databases.filter(({ sourceId }) => sourceId === stack.outputs.DatabaseId),
    others: databases.filter(({ sourceId }) => sourceId !== stack.outputs.DatabaseId),
    readHost: await findReadHost(cloud),
  };
}

/** Returns the setting of new instances, or null. */
async function findReadHost(cloud: StackFixture['cloud']): Promise<string | null> {
  const { clients } = cloud;
  const resources = await listResources(cloud, 'minitwit');
  const LaunchTemplateId = resources.find(({ name }) => name === 'LaunchTemplate')?.id;
  const { LaunchTemplateVersions: [version] = [] } = await clients.ec2.send(
    new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateId, Versions: ['$Latest'] }),
  );
  const userData = Buffer.from(version?.LaunchTemplateData?.UserData ?? '', 'base64').toString();
  return /^export DB_READ_HOST='(.*)'$/m.exec(userData)?.[1] ?? null;
}

test('`cloud up` adds and removes read replicas of the same database, which restarts only once', async () => {
  const fixture = await createStackFixture();
  await fixture.up();
  const before = await readReplicas(fixture);
  expect(before).toMatchObject({ replicable: 'no', replicas: [], readHost: null });

  await fixture.up({ ReadReplicas: '2' });
  const two = await readReplicas(fixture);
  expect(two).toMatchObject({ replicable: 'yes', databaseId: before.databaseId });
  expect(two.others).toHaveLength(1);
  expect(two.replicas.map(({ endpoint }) => endpoint)).toEqual(two.readHost?.split(','));
  expect(two.replicas).toHaveLength(2);
  // CloudFormation must be able to delete a replica.
  expect(two.replicas.map(({ isProtected }) => isProtected)).toEqual([false, false]);
  expect(two.others[0]?.isProtected).toBe(true);
  expect(fixture.lines.filter((line) => RESTARTS.test(line))).toHaveLength(1);
  expect(fixture.lines.join('\n')).toMatch(/2 × read replica db\.t4g\.micro +\$0\.0320/);

  await fixture.up({ ReadReplicas: '1' });
  const one = await readReplicas(fixture);
  expect(one.replicas.map(({ id }) => id)).toEqual([two.replicas[0]?.id]);
  await fixture.up({ ReadReplicas: '0' });
  expect(await readReplicas(fixture)).toMatchObject({
    replicable: 'yes',
    databaseId: before.databaseId,
    replicas: [],
    readHost: null,
  });
  expect(fixture.lines.filter((line) => RESTARTS.test(line))).toHaveLength(0);
  await fixture.up({ Replicable: 'no' });
  expect(await readReplicas(fixture)).toMatchObject({ replicable: 'no', replicas: [] });
  expect(fixture.lines.filter((line) => RESTARTS.test(line))).toHaveLength(1);
});

test('`cloud status` lists the read replicas of the database', async () => {
  const fixture = await createStackFixture();
  await fixture.up({ ReadReplicas: '1' });
  const { databaseId, replicas } = await readReplicas(fixture);
  fixture.lines.length = 0;
  await printStatus(fixture.open(), { json: false });
  const line = fixture.lines.find((each) => each.includes(`${replicas[0]?.id}, `));
  expect(line).toMatch(`read replica of ${databaseId}`);
});

test('`cloud restore` replaces the read replicas with the database', async () => {
  const { fixture, restore } = await createRestoreFixture();
  await fixture.up({ ReadReplicas: '1' });
  const before = await readReplicas(fixture);
  await restore();
  const after = await readReplicas(fixture);
  expect(after.databaseId).not.toBe(before.databaseId);
  expect(after.others.map(({ id }) => id)).toEqual([after.databaseId]);
  expect(after.replicas).toHaveLength(1);
  expect(after.readHost).toBe(after.replicas[0]?.endpoint);
  expect(after.readHost).not.toBe(before.readHost);
  expect(fixture.lines.join('\n')).not.toContain('The stack does not use');
});

test('`cloud down` removes the read replicas, and takes a snapshot of the database only', async () => {
  const fixture = await createStackFixture();
  await fixture.up({ ReadReplicas: '2' });
  fixture.lines.length = 0;
  await down(fixture.open(), { everything: false, dryRun: false, prompt });
  const planned = fixture.lines.filter((line) => line.startsWith('A final snapshot of'));
  expect(planned).toHaveLength(1);
  expect(await listDatabases(fixture.cloud.clients.rds, 'minitwit')).toEqual([]);
});

import { SetDesiredCapacityCommand } from '@aws-sdk/client-auto-scaling';
import { CreateChangeSetCommand, GetTemplateCommand } from '@aws-sdk/client-cloudformation';
import { CreateDBSnapshotCommand } from '@aws-sdk/client-rds';
import { CreateHostedZoneCommand } from '@aws-sdk/client-route-53';
import { expect, test } from 'vitest';
import { up } from '../../../src/cloud/commands/up.ts';
import { replaceInstances } from '../../../src/cloud/instances/replace-instances.ts';
import { requireScalingGroup } from '../../../src/cloud/instances/scaling-group.ts';
import { changeStack } from '../../../src/cloud/stack/change-stack.ts';
import { readOutputs } from '../../../src/cloud/stack/outputs.ts';
import { type ParameterValues, toRequestParameters } from '../../../src/cloud/stack/parameters.ts';
import { resolveDefaults } from '../../../src/cloud/stack/resolve-defaults.ts';
import { listUnprotected } from '../../../src/cloud/protection/protections.ts';
import { listResources } from '../../../src/cloud/stack/resources.ts';
import { findStack, requireStack, STACK_TAG } from '../../../src/cloud/stack/stack.ts';
import { renderTemplate } from '../../../src/cloud/stack/template.ts';
import { RETENTION_TOO_LONG } from '../emulated/free-tier.ts';
import { createDatabase, createStackFixture } from './fixture.ts';

const NOTHING = { status: null, databases: 0, instances: [], resources: [], changeSets: 0 };

test('`cloud up` creates the stack, initializes the database, and waits until it serves; the next one changes nothing', async () => {
  const fixture = await createStackFixture();
  await fixture.up();
  expect(await fixture.readState()).toMatchObject({
    status: 'UPDATE_COMPLETE',
    setUp: 'no',
    databases: 1,
    instances: [2],
    changeSets: 0,
  });
  const stack = await requireStack(fixture.cloud);
  const resources = await listResources(fixture.cloud, stack.id);
  expect(await listUnprotected(fixture.cloud, stack, resources)).toEqual([]);
  expect(stack.parameters).toMatchObject({
    ImageId: fixture.imageId,
    WarehouseZone: 'us-east-1a',
  });
  expect(stack.parameters.SubnetIds?.split(',')).toHaveLength(2);
  const { Address, BalancerName } = stack.outputs;
  expect(fixture.requestedUrls).toEqual([`${Address}/public at ${BalancerName?.toLowerCase()}`]);
  expect(Address).toBe(`http://${BalancerName}`);
  expect(fixture.scripts).toHaveLength(1);
  expect(fixture.scripts[0]).toContain(`DB_HOST='${stack.outputs.DatabaseEndpoint}'`);
  expect(fixture.scripts[0]).toContain(`MASTER_SECRET='${stack.outputs.MasterSecret}'`);

  // Each step is printed, in this order.
  const shown = [
    /^ {2}\+ add {6}Database \(AWS::RDS::DBInstance\)$/,
    /^Database \(AWS::RDS::DBInstance\): being created$/,
    /^Database \(AWS::RDS::DBInstance\): created after \d+ s$/,
    /^Initializing the database …$/,
    /^ {2}The tables are there\.$/,
    /^ {2}- remove {3}SetUpPolicy \(AWS::IAM::Policy\)$/,
    /^MiniTwit is ready at http:/,
    /^ +total .*\$\d+/,
  ];
  const places = shown.map((line) => fixture.lines.findIndex((each) => line.test(each)));
  expect(places).not.toContain(-1);
  expect(places).toEqual(places.toSorted((a, b) => a - b));

  fixture.lines.length = 0;
  await fixture.up();
  expect(fixture.lines).toContain('There is nothing to change.');
  expect(fixture.scripts).toHaveLength(1);
  expect(await fixture.readState()).toMatchObject({ status: 'UPDATE_COMPLETE', changeSets: 0 });
});

test('`cloud up` changes the parameters that are set, retains all others, and names outdated instances', async () => {
  const fixture = await createStackFixture();
  await fixture.up({ BackupDays: '3' });
  fixture.lines.length = 0;
  await fixture.up({ InstanceTypes: 't3.small,t3a.small' });
  expect((await findStack(fixture.cloud))?.parameters).toMatchObject({
    BackupDays: '3',
    InstanceTypes: 't3.small,t3a.small',
    ImageId: fixture.imageId,
  });
  expect(fixture.lines).toContain('  ~ change   LaunchTemplate (AWS::EC2::LaunchTemplate)');
  expect(fixture.lines).toContainEqual(
    expect.stringMatching(/^Outdated instances: 2 of 2\..* npm run cloud -- roll$/),
  );
});

test.each(['DatabaseMultiAz=yes', 'BackupDays=3', 'DatabaseClass=db.t4g.small'])(
  '`cloud up --set %s` changes the database of a stack in place',
  async (setting) => {
    const fixture = await createStackFixture();
    await fixture.up();
    const before = await findStack(fixture.cloud);
    const [name = '', value = ''] = setting.split('=');
    fixture.lines.length = 0;
    await fixture.up({ [name]: value });
    expect(fixture.lines).toContain('  ~ change   Database (AWS::RDS::DBInstance)');
    const stack = await findStack(fixture.cloud);
    expect(stack?.parameters).toEqual({ ...before?.parameters, [name]: value });
    expect(stack?.outputs.DatabaseId).toBe(before?.outputs.DatabaseId);
  },
);

test('`cloud up --dry-run` prints the changes, and changes nothing', async () => {
  const fixture = await createStackFixture();
  await fixture.up({}, true);
  expect(fixture.lines).toContain('  + add      Database (AWS::RDS::DBInstance)');
  expect(await fixture.readState()).toMatchObject(NOTHING);
  await fixture.up();
  const before = await fixture.readState();
  await fixture.up({ BackupDays: '3' }, true);
  expect(fixture.lines).toContain('  ~ change   Database (AWS::RDS::DBInstance)');
  expect(await fixture.readState()).toEqual(before);
  expect((await findStack(fixture.cloud))?.parameters.BackupDays).toBe('7');
});

test('`cloud up`, stopped after ExecuteChangeSet, waits for that operation when it is run again', async () => {
  const fixture = await createStackFixture();
  fixture.account.onRequest = (action) => {
    if (action === 'cloudformation:ExecuteChangeSet') fixture.stop();
  };
  await expect(fixture.up()).rejects.toThrow(
    'Stopped by SIGINT. AWS continues to change the stack minitwit. Run the same command again to wait for it.',
  );
  fixture.account.onRequest = () => undefined;
  fixture.lines.length = 0;
  await fixture.up();
  expect(fixture.lines[0]).toBe(
    'The stack minitwit is CREATE_IN_PROGRESS. Waiting until that has ended …',
  );
  expect(fixture.lines).toContain('Database (AWS::RDS::DBInstance): being created');
  expect(await fixture.readState()).toMatchObject({
    status: 'UPDATE_COMPLETE',
    setUp: 'no',
    databases: 1,
    instances: [2],
    changeSets: 0,
  });
});

test.each([
  [{ Instancetype: 't3.small' }, 'has no parameter Instancetype. Did you mean InstanceTypes?'],
  [{ SetUp: 'no' }, 'must be initialized, so SetUp cannot be "no"'],
  [{ InstanceTypes: 't3.micro,t4g.micro' }, 'is for x86_64, but a t4g.micro is arm64'],
  [{ InstanceMaxCount: '4' }, 'A db.t4g.micro allows about 60 connections'],
  [{ InstanceTypes: 't3.nano' }, 'A t3.nano has 512 MiB of memory, and MiniTwit needs 1024 MiB.'],
  [
    { InstanceTypes: 'm6i.large,t3.large' },
    'A t3.large spends CPU credits, and a m6i.large does not.',
  ],
  [{ ImageId: 'ami-0123456789abcdef0' }, 'There is no image ami-0123456789abcdef0 in this region'],
  [{ VpcId: 'vpc-1' }, 'Set both VpcId and SubnetIds'],
  [{ Domain: 'blog.example.com' }, 'Domain needs --set HostedZoneId=Z…'],
  [{ Domain: 'blog.example.com', HostedZoneId: 'Z1' }, 'There is no hosted zone Z1'],
])('`cloud up` with %j fails before a change set is created', async (parameters, message) => {
  const fixture = await createStackFixture();
  await expect(fixture.up(parameters)).rejects.toThrow(message);
  expect(fixture.account.actions).not.toContain('cloudformation:CreateChangeSet');
});

test('`cloud up` prints the resource that AWS cannot create and a hint, and the next `cloud up` prints how to start over', async () => {
  const fixture = await createStackFixture();
  const reason =
    'Failed Scaling Activity: Max spot instance count exceeded (MaxSpotInstanceCountExceeded)';
  fixture.emulated.fault = { resource: 'Instances', reason };
  const message =
    /^Instances .*MaxSpotInstanceCountExceeded.*--set Market=on-demand.*ROLLBACK_COMPLETE.* npm run cloud -- down first\.$/;
  await expect(fixture.up()).rejects.toThrow(message);
  await expect(fixture.up()).rejects.toThrow(message);
});

test('a first `cloud up` that fails while RDS creates the database rolls back without a snapshot, and a complete one takes snapshots', async () => {
  const fixture = await createStackFixture();
  fixture.emulated.fault = { resource: 'Balancer', reason: 'There is no room.' };
  await expect(fixture.up()).rejects.toThrow(/^Balancer .*no room.* is ROLLBACK_COMPLETE\./);

  const complete = await createStackFixture();
  await complete.up();
  const { cloudFormation } = complete.cloud.clients;
  const request = new GetTemplateCommand({ StackName: 'minitwit' });
  const { TemplateBody } = await cloudFormation.send(request);
  expect(TemplateBody).toBe(await renderTemplate());
  expect(TemplateBody).toContain('DeletionPolicy: Snapshot');
});

test('a first `cloud up` that fails names the cost of what AWS has left', async () => {
  const fixture = await createStackFixture();
  const { rds } = fixture.cloud.clients;
  await createDatabase(rds, 'minitwit-1');
  await rds.send(
    new CreateDBSnapshotCommand({
      DBInstanceIdentifier: 'minitwit-1',
      DBSnapshotIdentifier: 'minitwit-last',
      Tags: [{ Key: STACK_TAG, Value: 'minitwit' }],
    }),
  );
  const fault = { resource: 'Balancer', reason: 'There is no room.' };
  fixture.emulated.fault = fault;
  await expect(fixture.up()).rejects.toThrow(
    /down first\. AWS bills these resources until they are removed: the database minitwit-1, available \(at most \$13\.98 a month\)\. AWS bills these backups until they expire, or until npm run cloud -- down --everything removes them: snapshot of the database minitwit-1, .* of 20 GiB \(minitwit-last\) \(at most \$1\.90 a month\)\.$/,
  );

  fixture.account.fail('rds:DescribeDBSnapshots', 'AccessDenied');
  await expect(fixture.up()).rejects.toThrow(/^Balancer .* down first\.$/);
  expect(fixture.lines).toContainEqual(expect.stringMatching(/^Cannot list .*AccessDenied/));
});

test('a change that AWS rolls back leaves the stack unchanged, and succeeds later', async () => {
  const fixture = await createStackFixture();
  await fixture.up();
  fixture.emulated.fault = { resource: 'Database', reason: RETENTION_TOO_LONG };
  await expect(fixture.up({ BackupDays: '30' })).rejects.toThrow(
    /free tier customers.*--set BackupDays=1.*UPDATE_ROLLBACK_COMPLETE\. /,
  );
  await fixture.up({ BackupDays: '1' });
  expect((await findStack(fixture.cloud))?.parameters.BackupDays).toBe('1');
});

test('`cloud up` on the free plan chooses one day of backups and allowed instance types, and prints why', async () => {
  const fixture = await createStackFixture();
  fixture.emulated.accountPlan = 'FREE';
  await fixture.up();
  expect(fixture.lines).toContainEqual(
    expect.stringMatching(
      /^This account is on AWS’s free plan, .* gets BackupDays=1 and InstanceTypes=t3\.micro,t3\.small\./,
    ),
  );
  const chosen = { BackupDays: '1', InstanceTypes: 't3.micro,t3.small' };
  expect((await findStack(fixture.cloud))?.parameters).toMatchObject(chosen);
  fixture.lines.length = 0;
  await fixture.up();
  expect(fixture.lines.join('\n')).not.toContain('This account is on');
  expect((await findStack(fixture.cloud))?.parameters).toMatchObject(chosen);
});

test.each<[ParameterValues, string, RegExp]>([
  [
    { BackupDays: '7' },
    'gets InstanceTypes=t3.micro,t3.small. To',
    /^Database .*free tier customers.*add --set BackupDays=1\..* is ROLLBACK_COMPLETE\./,
  ],
  [
    { InstanceTypes: 't3a.micro' },
    'gets BackupDays=1. To',
    /^Instances .*not eligible for Free Tier.*add --set InstanceTypes=TYPE\..* is ROLLBACK_COMPLETE\./,
  ],
])(
  '`cloud up` does not overrule %j, and explains what the free plan allows when AWS refuses it',
  async (parameters, chosen, refusal) => {
    const fixture = await createStackFixture();
    fixture.emulated.accountPlan = 'FREE';
    await expect(fixture.up(parameters)).rejects.toThrow(refusal);
    expect(fixture.lines).toContainEqual(expect.stringContaining(chosen));
  },
);

test('`cloud up` does not ask for the plan of the account if both BackupDays and InstanceTypes are set', async () => {
  const fixture = await createStackFixture();
  await fixture.up({ BackupDays: '1', InstanceTypes: 't3.micro' }, true);
  expect(fixture.account.actions).not.toContain('freetier:GetAccountPlanState');
});

test('`cloud up` refuses another zone for the existing volume of the warehouse, and changes nothing', async () => {
  const fixture = await createStackFixture();
  await fixture.up({ WarehouseVolumeGib: '10' });
  const before = await fixture.readState();
  fixture.account.actions.length = 0;
  await expect(fixture.up({ WarehouseZone: 'us-east-1b' })).rejects.toThrow(
    /^The warehouse’s volume is in us-east-1a, and AWS cannot move it to us-east-1b\. .* first run npm run cloud -- up --set WarehouseVolumeGib=0, which/,
  );
  expect(fixture.account.actions).not.toContain('cloudformation:CreateChangeSet');
  expect(await fixture.readState()).toEqual(before);
  await fixture.up({ WarehouseVolumeGib: '0', WarehouseZone: 'us-east-1b' });
  await fixture.up({ WarehouseVolumeGib: '10' });
  expect((await findStack(fixture.cloud))?.parameters.WarehouseZone).toBe('us-east-1b');
});

test.each(['none', 'PAID'] as const)(
  '`cloud up` does not change its defaults in an account with the plan “%s”',
  async (plan) => {
    const fixture = await createStackFixture();
    fixture.emulated.accountPlan = plan;
    await fixture.up({}, true);
    expect(fixture.account.actions).toContain('freetier:GetAccountPlanState');
    expect(fixture.lines.join('\n')).not.toContain('plan');
  },
);

test('`cloud up` continues in one line if the plan of the account cannot be read', async () => {
  const fixture = await createStackFixture();
  fixture.account.fail('freetier:GetAccountPlanState', 'AccessDeniedException', { status: 400 });
  await fixture.up({}, true);
  expect(fixture.lines.filter((line) => line.includes('plan of the AWS account'))).toEqual([
    expect.stringMatching(
      /AccessDeniedException.* If the account is on .* add --set BackupDays=1 and, for an x86 image, --set InstanceTypes=t3\.micro,t3\.small\.$/,
    ),
  ]);
  expect(fixture.lines).toContain('  + add      Database (AWS::RDS::DBInstance)');
});

test('`cloud up` continues with the empty stack of a killed process', async () => {
  const fixture = await createStackFixture();
  await fixture.cloud.clients.cloudFormation.send(
    new CreateChangeSetCommand({
      StackName: 'minitwit',
      ChangeSetName: 'of-a-killed-one',
      ChangeSetType: 'CREATE',
      Capabilities: ['CAPABILITY_NAMED_IAM'],
      TemplateBody: await renderTemplate(),
      Parameters: ['ImageId', 'InstanceTypes', 'VpcId', 'SubnetIds'].map((ParameterKey) => ({
        ParameterKey,
        ParameterValue: 'x',
      })),
    }),
  );
  await fixture.up();
  expect(await fixture.readState()).toMatchObject({ status: 'UPDATE_COMPLETE', changeSets: 0 });
});

test('`cloud up` reports a failed initialization with its output, and repeats it when it is run again', async () => {
  const fixture = await createStackFixture();
  const { runScript } = fixture.emulated;
  fixture.emulated.runScript = () => ({ status: 'Failed', stderr: 'Access denied\n' });
  await expect(fixture.up()).rejects.toThrow(/Initializing the database .*Access denied/s);
  expect(await fixture.readState()).toMatchObject({ status: 'CREATE_COMPLETE', setUp: 'yes' });
  fixture.emulated.runScript = runScript;
  await fixture.up();
  expect(await fixture.readState()).toMatchObject({ status: 'UPDATE_COMPLETE', setUp: 'no' });
});

test('`cloud up` with a domain and its zone serves https, and requests the site at the load balancer', async () => {
  const fixture = await createStackFixture();
  const zone = new CreateHostedZoneCommand({ Name: 'example.com', CallerReference: '1' });
  const { HostedZone, DelegationSet } = await fixture.cloud.clients.route53.send(zone);
  const HostedZoneId = HostedZone?.Id?.replace('/hostedzone/', '') ?? '';
  const resolveNs = async () => DelegationSet?.NameServers ?? [];
  const parameters = { Domain: 'blog.example.com', HostedZoneId };
  await up({ ...fixture.open(), resolveNs }, { parameters, dryRun: false });
  const { outputs } = await requireStack(fixture.cloud);
  expect(outputs.Address).toBe('https://blog.example.com');
  expect(fixture.lines).toContainEqual(expect.stringMatching(/^AWS validates the certificate/));
  expect(fixture.requestedUrls).toEqual([
    `https://blog.example.com/public at ${outputs.BalancerName?.toLowerCase()}`,
    'https://blog.example.com/public',
  ]);
  expect(fixture.lines.join('\n')).not.toContain('without encryption');
});

test('`cloud up` without a certificate warns that passwords are not encrypted', async () => {
  const fixture = await createStackFixture();
  await fixture.up();
  expect(fixture.lines).toContainEqual(
    expect.stringMatching(/^Passwords are sent without encryption/),
  );
});

/** Returns the template with the launch template and the one instance type of an earlier version. */
function toEarlierTemplate(template: string): string {
  const group =
    'LaunchTemplate: { LaunchTemplateId: !Ref LaunchTemplate, Version: !GetAtt LaunchTemplate.LatestVersionNumber }';
  return template
    .replace(/MixedInstancesPolicy: \{.*?SpotAllocationStrategy: [^}]*\}\}/, group)
    .replaceAll('InstanceTypes', 'InstanceType');
}

test('`cloud up` retains the instance type of an earlier version, and gives the group an instance on demand', async () => {
  const fixture = await createStackFixture();
  const cloud = fixture.open();
  const { ImageId, VpcId, SubnetIds } = await resolveDefaults(cloud.clients.ec2, {});
  const parameters = { ImageId, VpcId, SubnetIds, InstanceType: 't3.small', SetUp: 'no' };
  await changeStack(cloud, null, {
    template: toEarlierTemplate(await renderTemplate()),
    parameters: toRequestParameters(Object.keys(parameters), null, parameters as ParameterValues),
    dryRun: false,
  });
  const { autoScaling } = cloud.clients;
  const { instances } = readOutputs(await requireStack(cloud));
  expect(await requireScalingGroup(autoScaling, instances)).toMatchObject({ types: null });

  await fixture.up();

  expect((await findStack(fixture.cloud))?.parameters).toMatchObject({ InstanceTypes: 't3.small' });
  expect(await requireScalingGroup(autoScaling, instances)).toMatchObject({
    types: ['t3.small'],
    policy: { InstancesDistribution: { OnDemandBaseCapacity: 1 } },
  });
});

test('`cloud up` and `cloud roll` retain the number of instances that a scaling policy has set', async () => {
  const fixture = await createStackFixture();
  await fixture.up({ InstanceMaxCount: '3' });
  const { autoScaling } = fixture.cloud.clients;
  const { instances } = readOutputs(await requireStack(fixture.cloud));
  const readDesired = async () => (await requireScalingGroup(autoScaling, instances)).desired;
  expect(await readDesired()).toBe(2);
  await autoScaling.send(
    new SetDesiredCapacityCommand({ AutoScalingGroupName: instances, DesiredCapacity: 3 }),
  );

  await fixture.up({ InstanceTypes: 't3.small,t3a.small' });
  expect(await readDesired()).toBe(3);
  await replaceInstances(fixture.open());
  expect(await requireScalingGroup(autoScaling, instances)).toMatchObject({
    desired: 3,
    members: [{ type: 't3.small' }, { type: 't3.small' }, { type: 't3.small' }],
  });
  await fixture.up({ InstanceMaxCount: '0' });
  expect(await readDesired()).toBe(2);
});

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { listParameters, renderTemplate } from '../../../src/cloud/stack/template.ts';
import { EXPORTED_TABLES } from '../../../src/warehouse/parquet/manifest.ts';
import { requestStack } from '../emulated/moto-template.ts';
import type { Node } from '../emulated/evaluate.ts';
import { parseTemplate } from './parse-template.ts';

// The template contains the script without its comments, because CloudFormation limits its size.
const script = readWithoutComments('userdata/minitwit.sh');
const rendered = await renderTemplate();
const template = parseTemplate(rendered);

/** The parameters of a stack with scheduled runs. */
const SCHEDULE = {
  WarehouseVolumeGib: '50',
  WarehouseZone: 'us-east-1a',
  WarehouseSchedule: 'cron(0 3 ? * SUN *)',
  WarehouseImageId: 'ami-0123456789abcdef0',
  InstanceTypes: 't3.micro',
  SubnetIds: 'subnet-1,subnet-2',
};

/** The values of the resources, as CloudFormation fills them in. */
const VALUES: Record<string, string> = {
  'Database.Endpoint.Address': 'minitwit.abc.us-east-1.rds.amazonaws.com',
  DatabasePassword: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:DatabasePassword-a1B2c3',
  'Database.MasterUserSecret.SecretArn':
    'arn:aws:secretsmanager:us-east-1:123456789012:secret:rds!db-1a2b',
  MasterPassword: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:MasterPassword-g7H8i9',
  ...Object.fromEntries(
    [1, 2, 3, 4, 5].map((it) => [`Replica${it}.Endpoint.Address`, `replica${it}.example.com`]),
  ),
  SessionSecret: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:SessionSecret-d4E5f6',
  ServerLog: 'minitwit-ServerLog-1a2b',
};

test('the template has the same meaning in YAML 1.1, which CloudFormation reads', () => {
  expect(template).toEqual(parseTemplate(rendered, '1.2'));
});

test('the template that is sent equals cloud/minitwit.yaml with the script, without descriptions for readers', () => {
  const file = readWithoutComments('cloud/minitwit.yaml');
  const expected = parseTemplate(
    file.replace('- userdata/minitwit.sh', () => `- ${JSON.stringify(script)}`),
  );
  expect(Object.keys(expected.Resources).length).toBeGreaterThan(40);
  const { Parameters, Outputs } = expected;
  for (const described of [...Object.values(Parameters), ...Object.values(Outputs)]) {
    delete described.Description;
  }
  expect(template).toEqual(expected);
  expect(rendered).not.toMatch(/^Metadata:/m);
});

test('the template that is sent has a line for each resource, in less than 90 % of the file’s size', () => {
  const lines = rendered.split('\n');
  for (const [name, { Type }] of Object.entries(template.Resources)) {
    expect(lines.filter((line) => line.startsWith(` ${name}: {Type: "${Type}"`))).toHaveLength(1);
  }
  const sourceBytes = Buffer.byteLength(readWithoutComments('cloud/minitwit.yaml') + script);
  expect(Buffer.byteLength(rendered)).toBeLessThan(0.9 * sourceBytes);
});

test('the template is small enough for CloudFormation without a bucket', () => {
  expect(Buffer.byteLength(rendered)).toBeLessThan(51_200);
});

test('the user data of the instances is the script after its settings', () => {
  const userData = fillUserData();
  expect(userData.endsWith(`\n${script}`)).toBe(true);
  expect(userData.startsWith('#!/bin/bash\n')).toBe(true);
  // The limit of EC2.
  expect(Buffer.byteLength(userData)).toBeLessThan(16 * 1024);
  expect(runUserData(userData, 'list_problems').stdout).toBe(
    '  /opt/minitwit does not contain MiniTwit. Launch the instance from an image of userdata/image.sh.\n',
  );
  const settings = runUserData(userData, 'write_settings').stdout.split('\n');
  expect(settings).toEqual(
    expect.arrayContaining([
      'DB_HOST="minitwit.abc.us-east-1.rds.amazonaws.com"',
      'DB_USER="minitwit"',
      'DB_NAME="minitwit"',
      `DB_PASSWD_FROM="secretsmanager:${VALUES.DatabasePassword}"`,
      `SESSION_SECRET_FROM="secretsmanager:${VALUES.SessionSecret}"`,
      'DB_SSL_CA="/opt/minitwit/rds-ca.pem"',
      'TRUST_PROXY="1"',
    ]),
  );
});

test('with a secret for mails, only then, the instances may read it and reach a mail server', () => {
  const mail = {
    MailUrlArn: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:mail-a1B2c3',
    MailFrom: 'noreply@example.com',
    Domain: 'blog.example.com',
  };
  const settings = runUserData(fillUserData(mail), 'write_settings').stdout.split('\n');
  expect(settings).toEqual(
    expect.arrayContaining([
      `MAIL_URL_FROM="secretsmanager:${mail.MailUrlArn}"`,
      'MAIL_FROM="noreply@example.com"',
      'SITE_URL="https://blog.example.com"',
    ]),
  );
  const without = runUserData(fillUserData(), 'write_settings').stdout;
  expect(without).not.toMatch(/MAIL|SITE_URL/);
  // The addresses of a mail service change, so the list of networks is empty then.
  expect(fillUserData(mail)).not.toContain("export SERVER_NETWORKS='10.");
  expect(fillUserData()).toContain("export SERVER_NETWORKS='10.");

  const role = (parameters: Record<string, string>) =>
    JSON.stringify(resourcesWith(parameters).InstanceRole);
  expect(role(mail)).toContain(mail.MailUrlArn);
  expect(role({})).not.toContain(mail.MailUrlArn);
  expect(resourcesWith(mail)).toHaveProperty('InstancesToMailServer');
  expect(resourcesWith({})).not.toHaveProperty('InstancesToMailServer');
});

test.each([
  ['1', 'replica1.example.com'],
  ['3', 'replica1.example.com,replica2.example.com,replica3.example.com'],
  ['5', [1, 2, 3, 4, 5].map((it) => `replica${it}.example.com`).join()],
])('with ReadReplicas=%s, the instances read from %s', (ReadReplicas, hosts) => {
  const settings = runUserData(fillUserData({ ReadReplicas }), 'write_settings').stdout;
  expect(settings).toContain(`\nDB_READ_HOST="${hosts}"\n`);
});

test('without read replicas, the instances have no setting for them', () => {
  for (const parameters of [{}, { Replicable: 'yes' }]) {
    expect(runUserData(fillUserData(parameters), 'write_settings').stdout).not.toContain('DB_READ');
    expect(fillUserData(parameters)).not.toContain('export DB_READ_HOST');
  }
});

test('the stack has as many read replicas as ReadReplicas, and an alarm on the lag of each', () => {
  for (const count of [0, 1, 2, 3, 4, 5]) {
    const resources = resourcesWith({ ReadReplicas: String(count) });
    const replicas = Object.keys(resources).filter((name) => name.startsWith('Replica'));
    const names = [1, 2, 3, 4, 5].slice(0, count).map((it) => `Replica${it}`);
    expect(replicas).toEqual([...names, ...(count > 0 ? ['ReplicaLagAlarm'] : [])]);
    const [, ...metrics] = (resources.ReplicaLagAlarm?.Properties.Metrics ?? []) as Node[];
    expect(metrics.map(({ MetricStat }) => MetricStat)).toMatchObject(
      names.map((Ref) => ({ Metric: { Dimensions: [{ Value: { Ref } }] } })),
    );
  }
});

test('a database with read replicas has GTIDs, and a password that RDS does not manage', () => {
  const of = (parameters: Record<string, string>) => {
    const { Database, DatabaseParameters, MasterPassword } = resourcesWith(parameters);
    return {
      managed: Database?.Properties.ManageMasterUserPassword,
      hasOwn: Boolean(Database?.Properties.MasterUserPassword && MasterPassword),
      // CloudFormation restarts a database with another parameter group, but not with a changed one.
      group: DatabaseParameters?.Properties.Description,
      parameters: DatabaseParameters?.Properties.Parameters,
    };
  };
  const plain = of({});
  expect(plain).toMatchObject({ managed: true, hasOwn: false });
  expect(plain.parameters).toEqual({ require_secure_transport: '1' });
  const replicable = of({ Replicable: 'yes' });
  expect(replicable).toMatchObject({ managed: undefined, hasOwn: true });
  expect(replicable.group).not.toBe(plain.group);
  expect(replicable.parameters).toEqual({
    require_secure_transport: '1',
    'gtid-mode': 'ON',
    enforce_gtid_consistency: 'ON',
  });
  expect(of({ ReadReplicas: '2' })).toEqual(replicable);
});

test.each([
  [{}, { 'Fn::GetAtt': ['Database', 'MasterUserSecret.SecretArn'] }, 'rds!db-1a2b'],
  [{ Replicable: 'yes' }, { Ref: 'MasterPassword' }, 'MasterPassword-g7H8i9'],
])('with %j, the instances read the password of the master from %j', (parameters, secret, name) => {
  const { PolicyDocument } = resourcesWith(parameters).SetUpPolicy?.Properties ?? {};
  expect(PolicyDocument).toMatchObject({ Statement: [{ Resource: secret }] });
  const [, arn] = /export MASTER_SECRET='(.*)'/.exec(fillUserData(parameters)) ?? [];
  expect(arn).toBe(`arn:aws:secretsmanager:us-east-1:123456789012:secret:${name}`);
});

test('the script refuses empty settings in the lines before it', () => {
  const userData = fillUserData({}, { ...VALUES, 'Database.Endpoint.Address': '' });
  expect(runUserData(userData, 'list_problems').stdout).toContain('  DB_HOST is not set.\n');
});

test('quotes, spaces and variables in a setting before the script reach the server', () => {
  const quoted = String.raw`it'\''s "$HOME" \ and $(id)`;
  const userData = `#!/bin/bash\nexport DB_HOST='${quoted}'\n${script}`;
  expect(runUserData(userData, 'write_settings').stdout).toContain(
    String.raw`DB_HOST="it's \"\$HOME\" \\ and \$(id)"` + '\n',
  );
});

test('CloudFormation replaces nothing in the script', () => {
  expect(joinedUserData({}).at(-1)).toBe(script);
});

test('the firewall has the name of its stack, which the permissions of operators require', () => {
  // CloudFormation itself would name it `Firewall-1A2B3C`, as AWS's documentation shows for other firewalls.
  expect(template.Resources.Firewall?.Properties.Name).toEqual({ Ref: 'AWS::StackName' });
});

test('listParameters returns the parameters with their defaults', () => {
  const parameters = listParameters(rendered);
  expect(parameters.map(({ name }) => name)).toEqual(Object.keys(template.Parameters));
  expect(parameters.filter(({ default: value }) => value === null).map(({ name }) => name)).toEqual(
    ['ImageId', 'InstanceTypes', 'VpcId', 'SubnetIds'],
  );
  expect(parameters).toContainEqual({ name: 'InstanceCount', default: '2' });
  expect(parameters).toContainEqual({ name: 'CertificateArn', default: '' });
});

test.each([
  ['t3.micro,t2.micro', { CpuCredits: 'standard' }],
  ['t4g.small', { CpuCredits: 'standard' }],
  ['m6i.large', undefined],
])('instances of %s have the CPU credits %j', (InstanceTypes, credits) => {
  const data = resourcesWith({ InstanceTypes }).LaunchTemplate?.Properties.LaunchTemplateData;
  expect((data as { CreditSpecification?: unknown }).CreditSpecification).toEqual(credits);
});

test.each([
  ['spot', 0],
  ['on-demand', 100],
])('with the market %s, one instance and %i %% of the others are on demand', (Market, share) => {
  const { Instances, LaunchTemplate } = resourcesWith({ Market, InstanceTypes: 't3.micro' });
  expect(Instances?.Properties.MixedInstancesPolicy).toMatchObject({
    InstancesDistribution: { OnDemandBaseCapacity: 1, OnDemandPercentageAboveBaseCapacity: share },
  });
  // A group with a policy refuses a launch template that requests spot instances.
  expect(LaunchTemplate?.Properties.LaunchTemplateData).not.toHaveProperty('InstanceMarketOptions');
});

test.each(['t3.micro', 't3.micro,t3a.micro', 't3.micro,t3a.micro,t2.micro,t3.small'])(
  'the group launches exactly the types of %s',
  (InstanceTypes) => {
    const policy = resourcesWith({ InstanceTypes }).Instances?.Properties.MixedInstancesPolicy;
    const { Overrides } = (policy as { LaunchTemplate: { Overrides: unknown[] } }).LaunchTemplate;
    expect(Overrides).toEqual(InstanceTypes.split(',').map((InstanceType) => ({ InstanceType })));
  },
);

test.each([
  ['t3.micro,t3a.micro', 8, 6000],
  ['t3.small', 16, 12_000],
  ['m6i.large', 60, 45_000],
])(
  'instances of %s scale at %i percent of the processor, or %i requests a minute',
  (InstanceTypes, cpu, requests) => {
    const { CpuPolicy, Instances, RequestsPolicy } = resourcesWith({
      InstanceTypes,
      InstanceMaxCount: '4',
    });
    expect(Instances?.Properties).toMatchObject({ MinSize: 2, MaxSize: 4 });
    expect(CpuPolicy?.Properties.TargetTrackingConfiguration).toMatchObject({ TargetValue: cpu });
    expect(RequestsPolicy?.Properties.TargetTrackingConfiguration).toMatchObject({
      TargetValue: requests,
    });
  },
);

test('the number of instances is constant without InstanceMaxCount, and a change of the stack never sets it', () => {
  const { CpuPolicy, Instances, RequestsPolicy } = resourcesWith({ InstanceTypes: 't3.micro' });
  expect(Instances?.Properties).toMatchObject({ MinSize: 2, MaxSize: 2 });
  expect(Instances?.Properties).not.toHaveProperty('DesiredCapacity');
  expect([CpuPolicy, RequestsPolicy]).toEqual([undefined, undefined]);
});

test('the alarm on connections counts the largest number of instances', () => {
  const each = (parameters: Record<string, string>) =>
    (
      resourcesWith(parameters).ConnectionsAlarm?.Properties.Metrics as
        { Expression?: string }[] | undefined
    )?.[0]?.Expression;
  const types = { InstanceTypes: 't3.micro' };
  expect(each(types)).toBe('connections / 2');
  expect(each({ ...types, InstanceMaxCount: '3' })).toBe('connections / 3');
});

test('each instance has a public address, whatever the setting of its subnet', () => {
  const data = resourcesWith({ InstanceTypes: 't3.micro' }).LaunchTemplate?.Properties
    .LaunchTemplateData;
  expect(data).toMatchObject({
    NetworkInterfaces: [
      { DeviceIndex: 0, AssociatePublicIpAddress: true, Groups: [{ Ref: 'InstanceGroup' }] },
    ],
  });
  // EC2 refuses security groups both here and in a network interface.
  expect(data).not.toHaveProperty('SecurityGroupIds');
});

test('serves port 80 without a certificate, and redirects it to https with one', () => {
  const CertificateArn = 'arn:aws:acm:us-east-1:123456789012:certificate/abc';
  const forward = [{ Type: 'forward', TargetGroupArn: { Ref: 'Targets' } }];
  const plain = resourcesWith({});
  expect(plain.HttpListener?.Properties.DefaultActions).toEqual(forward);
  expect(plain.HttpsListener).toBeUndefined();
  const secure = resourcesWith({ CertificateArn });
  expect(secure.HttpListener?.Properties.DefaultActions).toMatchObject([{ Type: 'redirect' }]);
  expect(secure.HttpsListener?.Properties).toMatchObject({ Port: 443, DefaultActions: forward });
});

test('with a hosted zone, the stack has a certificate and a record of its own, and port 80 redirects to https', () => {
  const zone = { Domain: 'blog.example.com', HostedZoneId: 'Z1' };
  const { Certificate, DomainRecord, HttpListener, HttpsListener } = resourcesWith(zone);
  expect(Certificate?.Properties).toEqual({
    DomainName: 'blog.example.com',
    ValidationMethod: 'DNS',
    DomainValidationOptions: [{ DomainName: 'blog.example.com', HostedZoneId: 'Z1' }],
  });
  expect(DomainRecord?.Properties).toMatchObject({ Name: 'blog.example.com', Type: 'A' });
  expect(HttpsListener?.Properties.Certificates).toEqual([
    { CertificateArn: { Ref: 'Certificate' } },
  ]);
  expect(HttpListener?.Properties.DefaultActions).toMatchObject([{ Type: 'redirect' }]);
});

test('with a certificate of the operator, the stack has no other, and a record only with a hosted zone', () => {
  const CertificateArn = 'arn:aws:acm:us-east-1:123456789012:certificate/abc';
  const elsewhere = resourcesWith({ Domain: 'blog.example.com', CertificateArn });
  expect(elsewhere).not.toHaveProperty('DomainRecord');
  const zone = { Domain: 'blog.example.com', HostedZoneId: 'Z1', CertificateArn };
  expect(resourcesWith(zone)).not.toHaveProperty('Certificate');
  expect(resourcesWith(zone)).toHaveProperty('DomainRecord');
  expect(resourcesWith(zone).HttpsListener?.Properties.Certificates).toEqual([{ CertificateArn }]);
});

test('without a hosted zone, the stack has neither a certificate nor a record', () => {
  expect(resourcesWith({})).not.toHaveProperty('Certificate');
  expect(resourcesWith({})).not.toHaveProperty('DomainRecord');
});

test('firewall and access logs exist only if they are set, and can be switched off', () => {
  const optional = ['Firewall', 'FirewallOfBalancer', 'AccessLogBucket', 'AccessLogPolicy'];
  const names = (parameters: Record<string, string>) =>
    Object.keys(resourcesWith(parameters)).filter((name) => optional.includes(name));
  expect(names({})).toEqual([]);
  const set = { RequestsPerAddress: '2000', AccessLogs: 'yes' };
  expect(names(set)).toEqual(optional);
  const attributes = (parameters: Record<string, string>) =>
    resourcesWith(parameters).Balancer?.Properties.LoadBalancerAttributes;
  expect(attributes(set)).toContainEqual({ Key: 'access_logs.s3.enabled', Value: 'true' });
  expect(attributes(set)).toContainEqual({
    Key: 'access_logs.s3.bucket',
    Value: { Ref: 'AccessLogBucket' },
  });
  // CloudFormation does not reset an attribute that the template no longer has.
  expect(attributes({})).toContainEqual({ Key: 'access_logs.s3.enabled', Value: 'false' });
});

test('each alarm has a description with the next step, and sends mail if there is an address', () => {
  const parameters = { AlarmEmail: 'me@example.com', ...SCHEDULE };
  const alarms = Object.entries(resourcesWith(parameters)).filter(
    ([, { Type }]) => Type === 'AWS::CloudWatch::Alarm',
  );
  expect(alarms.length).toBeGreaterThan(9);
  for (const [name, { Properties }] of alarms) {
    expect(Properties.AlarmDescription, name).toMatch(/\. (Set|Run|Read|End) /);
    expect(Properties.AlarmActions, name).toEqual([{ Ref: 'AlarmTopic' }]);
    expect(Properties.OKActions, name).toEqual([{ Ref: 'AlarmTopic' }]);
    // CloudWatch evaluates at most a day of data, and a week if the period is an hour or longer.
    const [period = 0] = periodsOf(Properties);
    const longest = period < 3600 ? 86_400 : 604_800;
    expect(period * Number(Properties.EvaluationPeriods), name).toBeLessThanOrEqual(longest);
  }
});

test('the alarm of the certificate exists only with a certificate', () => {
  expect(resourcesWith({})).not.toHaveProperty('CertificateAlarm');
  const zone = { Domain: 'blog.example.com', HostedZoneId: 'Z1' };
  expect(resourcesWith(zone)).toHaveProperty('CertificateAlarm');
});

test('the dashboard is valid JSON, and shows every alarm that always exists', () => {
  const { Dashboard, ...resources } = resourcesWith({});
  const [body = ''] = Object.values(Dashboard?.Properties.DashboardBody ?? {}) as string[];
  const { widgets } = JSON.parse(body) as { widgets: { type: string; properties: object }[] };
  expect(widgets.map(({ type }) => type)).toEqual([...Array<string>(6).fill('metric'), 'alarm']);
  const alarms = Object.keys(resources).filter(
    (name) => resources[name]?.Type === 'AWS::CloudWatch::Alarm',
  );
  const shown = Array.from(body.matchAll(/\$\{(\w+Alarm)\.Arn\}/g), ([, name]) => name);
  expect(new Set(shown)).toEqual(new Set(alarms));
});

test('scheduled runs exist only with a schedule and a volume', () => {
  const optional = ['WarehouseRuns', 'WarehouseRunTemplate', 'RunAlarm'];
  const names = (parameters: Record<string, string>) =>
    Object.keys(resourcesWith(parameters)).filter((name) => optional.includes(name));
  expect(names({})).toEqual([]);
  expect(names({ WarehouseVolumeGib: '50', WarehouseZone: 'us-east-1a' })).toEqual([]);
  expect(names(SCHEDULE)).toEqual(optional);
});

test('the schedule starts one instance of the launch template, also if AWS repeats the request', () => {
  const { WarehouseRuns } = resourcesWith(SCHEDULE);
  expect(WarehouseRuns?.Properties).toMatchObject({
    Name: { 'Fn::Sub': '${AWS::StackName}-warehouse' },
    ScheduleExpression: 'cron(0 3 ? * SUN *)',
    FlexibleTimeWindow: { Mode: 'OFF' },
    Target: {
      Arn: { 'Fn::Sub': 'arn:${AWS::Partition}:scheduler:::aws-sdk:ec2:runInstances' },
      RetryPolicy: { MaximumEventAgeInSeconds: 3600 },
    },
  });
  const target = WarehouseRuns?.Properties.Target as { Input: { 'Fn::Sub': string } } | undefined;
  const filled = (target?.Input['Fn::Sub'] ?? '')
    .replaceAll('${WarehouseRunTemplate}', 'lt-0123456789abcdef0')
    .replaceAll('<aws.scheduler.scheduled-time>', '2026-11-29T03:00:00Z');
  const input = JSON.parse(filled) as { ClientToken: string };
  expect(input).toEqual({
    LaunchTemplate: { LaunchTemplateId: 'lt-0123456789abcdef0', Version: '$Latest' },
    MinCount: 1,
    MaxCount: 1,
    ClientToken: 'lt-0123456789abcdef0-2026-11-29T03:00:00Z',
  });
  // The limit of EC2.
  expect(input.ClientToken.length).toBeLessThanOrEqual(64);
});

test('the instance of a scheduled run terminates itself, also if the script of its image is missing', () => {
  const { WarehouseRunTemplate } = resourcesWith(SCHEDULE);
  const data = WarehouseRunTemplate?.Properties.LaunchTemplateData as Node;
  expect(data).toMatchObject({
    IamInstanceProfile: { Name: 'minitwit-scheduled-run' },
    InstanceInitiatedShutdownBehavior: 'terminate',
    NetworkInterfaces: [{ Groups: [{ Ref: 'InstanceGroup' }], SubnetId: 'subnet-1' }],
    MetadataOptions: { HttpTokens: 'required' },
  });
  const { 'Fn::Base64': userData } = data.UserData as { 'Fn::Base64': { 'Fn::Sub': string } };
  const filled = userData['Fn::Sub']
    .replace('${AWS::Region}', 'eu-test-1')
    .replace('${AWS::StackName}', 'minitwit');
  expect(filled).not.toContain('${');
  const stubs = 'shutdown() { echo "shutdown $*"; }\nsleep() { true; }\n';
  const { stdout, status } = spawnSync('bash', ['-s'], { input: stubs + filled, encoding: 'utf8' });
  expect({ stdout, status }).toEqual({ stdout: 'shutdown -h +540\nshutdown -h now\n', status: 0 });
});

// The columns of the Parquet files, in Athena's types.
const TABLES = {
  user: { user_id: 'bigint', username: 'string', registered_at: 'bigint' },
  message: { message_id: 'bigint', author_id: 'bigint', text: 'string', pub_date: 'bigint' },
  follower: { who_id: 'bigint', whom_id: 'bigint' },
};

test('Athena has a table for each exported table, which reads a list of Parquet files', () => {
  const tables = Object.values(template.Resources).filter(
    ({ Type }) => Type === 'AWS::Glue::Table',
  );
  expect(EXPORTED_TABLES.toSorted()).toEqual(Object.keys(TABLES).toSorted());
  expect(tables.map(({ Properties }) => Properties)).toEqual(
    Object.entries(TABLES).map(([name, columns]) => ({
      CatalogId: { Ref: 'AWS::AccountId' },
      DatabaseName: { Ref: 'WarehouseCatalog' },
      TableInput: {
        Name: name,
        TableType: 'EXTERNAL_TABLE',
        StorageDescriptor: {
          Location: { 'Fn::Sub': `s3://\${WarehouseBucket}/parquet/current/${name}/` },
          InputFormat: 'org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat',
          OutputFormat: 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat',
          SerdeInfo: {
            SerializationLibrary: 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe',
          },
          Columns: Object.entries(columns).map(([Name, Type]) => ({ Name, Type })),
        },
      },
    })),
  );
});

test('each listener that exists has a rule of its own', () => {
  const CertificateArn = 'arn:aws:acm:us-east-1:123456789012:certificate/abc';
  const rulesWith = (parameters: Record<string, string>) =>
    Object.values(resourcesWith(parameters))
      .filter(({ Type }) => Type === 'AWS::ElasticLoadBalancingV2::ListenerRule')
      .map(({ Properties }) => Properties.ListenerArn);
  expect(rulesWith({})).toEqual([{ Ref: 'HttpListener' }]);
  expect(rulesWith({ CertificateArn })).toEqual([
    { Ref: 'HttpListener' },
    { Ref: 'HttpsListener' },
  ]);
});

test('the instances may read the master’s password during set-up, and only then', () => {
  expect(resourcesWith({}).SetUpPolicy).toBeDefined();
  expect(resourcesWith({ SetUp: 'no' }).SetUpPolicy).toBeUndefined();
});

function readWithoutComments(path: string): string {
  return readFileSync(path, 'utf8').replaceAll(/\n *(#(?!!).*)?(?=\n)/g, '');
}

type UserDataPart = string | { 'Fn::Sub': string };

/** Returns the parts of the instances' user data in a stack with these parameters. */
function joinedUserData(parameters: Record<string, string>): UserDataPart[] {
  const data = resourcesWith(parameters).LaunchTemplate?.Properties.LaunchTemplateData as {
    UserData: { 'Fn::Base64': { 'Fn::Join': [string, UserDataPart[]] } };
  };
  const [separator, parts] = data.UserData['Fn::Base64']['Fn::Join'];
  expect(separator).toBe('');
  return parts;
}

/** Returns the instances' user data as CloudFormation fills it in. Fails for an unknown variable. */
function fillUserData(parameters: Record<string, string> = {}, values = VALUES): string {
  const known: Record<string, string> = { ...values, ...parameters };
  return joinedUserData(parameters)
    .map((part) =>
      typeof part === 'string'
        ? part
        : part['Fn::Sub'].replaceAll(/\$\{([^}]*)\}/g, (_, name: string) => {
            const value = known[name];
            if (value === undefined) throw new Error(`${name} is not known`);
            return value;
          }),
    )
    .join('');
}

/** Runs user data in bash, with another function in place of `main`. */
function runUserData(userData: string, name: string) {
  const { status, stdout, stderr } = spawnSync('bash', ['-s'], {
    input: userData.replace(/\nmain\n$/, `\n${name}\n`),
    encoding: 'utf8',
    env: { PATH: process.env.PATH },
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return { stdout };
}

function resourcesWith(parameters: Record<string, string>) {
  return requestStack(template, parameters, []).resources;
}

/** Lists the periods of an alarm's metrics in seconds. */
function periodsOf({ Period, Metrics = [] }: Record<string, unknown>): number[] {
  const ofMetrics = (Metrics as { MetricStat?: { Period: number } }[]).flatMap(
    ({ MetricStat }) => MetricStat?.Period ?? [],
  );
  return Period === undefined ? ofMetrics : [Number(Period), ...ofMetrics];
}

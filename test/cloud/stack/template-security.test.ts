import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { renderTemplate } from '../../../src/cloud/stack/template.ts';
import { listConnections } from './connections.ts';
import { parseTemplate } from './parse-template.ts';

type Node = Record<string, unknown>;

const { Parameters, Resources } = parseTemplate(await renderTemplate());
const WAREHOUSE = Resources.WarehouseBucket?.Properties ?? {};

test('the database is private and encrypted, requires TLS, and leaves a snapshot', () => {
  const [database, ...replicas] = listResources('AWS::RDS::DBInstance');
  expect(database).toBe(Resources.Database);
  expect(Resources.Database).toMatchObject({
    DeletionPolicy: 'Snapshot',
    UpdateReplacePolicy: 'Snapshot',
    Properties: {
      PubliclyAccessible: false,
      StorageEncrypted: true,
      BackupRetentionPeriod: { Ref: 'BackupDays' },
      DBParameterGroupName: { Ref: 'DatabaseParameters' },
      VPCSecurityGroups: [{ Ref: 'DatabaseGroup' }],
    },
  });
  expect(Parameters.BackupDays?.MinValue).toBeGreaterThan(0);
  expect(replicas).toHaveLength(5);
  for (const replica of replicas) {
    // A replica has the encryption of its source, and CloudFormation accepts no other.
    expect(replica).toMatchObject({
      DeletionPolicy: 'Delete',
      UpdateReplacePolicy: 'Delete',
      Properties: {
        SourceDBInstanceIdentifier: { Ref: 'Database' },
        PubliclyAccessible: false,
        DBParameterGroupName: { Ref: 'DatabaseParameters' },
        VPCSecurityGroups: [{ Ref: 'DatabaseGroup' }],
      },
    });
  }
  expect(Resources.DatabaseParameters?.Properties.Parameters).toMatchObject({
    require_secure_transport: '1',
  });
});

test('the security groups allow only these connections', () => {
  expect(listConnections(Resources)).toEqual({
    // AWS allows all outgoing connections of a group without a rule for them. A rule for 127.0.0.1 allows none.
    DatabaseGroup: ['tcp 3306 from InstanceGroup', 'tcp 3306 to 127.0.0.1/32'],
    InstanceGroup: [
      'tcp 5000 from BalancerGroup',
      'tcp 443 to 0.0.0.0/0',
      'tcp 3306 to DatabaseGroup',
      'tcp 465 to 0.0.0.0/0 if HasMail',
      'tcp 22 to WarehouseGroup',
    ],
    BalancerGroup: [
      'tcp 80 from 0.0.0.0/0',
      'tcp 443 from 0.0.0.0/0 if HasCertificate',
      'tcp 5000 to InstanceGroup',
    ],
    WarehouseGroup: ['tcp 22 from InstanceGroup', 'tcp 443 to 0.0.0.0/0'],
  });
});

test('instances and volumes are encrypted, and instances require IMDSv2 and have no ssh key', () => {
  const { LaunchTemplate, WarehouseRunTemplate } = Resources;
  const launchTemplates = listResources('AWS::EC2::LaunchTemplate');
  expect(launchTemplates).toEqual([LaunchTemplate, WarehouseRunTemplate]);
  for (const { Properties } of launchTemplates) {
    const data = Properties.LaunchTemplateData as Node;
    expect(data).toMatchObject({ MetadataOptions: { HttpTokens: 'required' } });
    expect(data).not.toHaveProperty('KeyName');
    expect(data.BlockDeviceMappings).toEqual([
      { DeviceName: '/dev/xvda', Ebs: expect.objectContaining({ Encrypted: true }) as unknown },
    ]);
  }
  for (const { Properties } of listResources('AWS::EC2::Volume')) {
    expect(Properties).toMatchObject({ Encrypted: true });
  }
});

test('Secrets Manager generates every secret, and no parameter is a secret', () => {
  for (const { Properties } of listResources('AWS::SecretsManager::Secret')) {
    expect(Properties).toHaveProperty('GenerateSecretString');
    expect(Properties).not.toHaveProperty('SecretString');
  }
  expect(Object.keys(Parameters).filter((name) => /passw|secret|token/i.test(name))).toEqual([]);
  expect(Object.values(Parameters).filter(({ NoEcho }) => NoEcho !== undefined)).toEqual([]);
});

// Some actions cannot be limited to resources.
const WITHOUT_RESOURCES =
  /^(ec2:Describe|logs:DescribeLogGroups$|ssm:UpdateInstanceInformation$|ssmmessages:|ec2messages:)/;

test('every policy names its actions, its principals, and its resources or a condition', () => {
  const statements = listStatements(Resources);
  expect(statements.length).toBeGreaterThan(5);
  for (const { Effect, Action, Principal } of statements) {
    expect(Effect).toBe('Allow');
    for (const action of [Action].flat()) expect(action).toMatch(/^[a-z0-9]+:\w+$/);
    expect(JSON.stringify(Principal ?? '')).not.toContain('*');
  }
  const unlimited = statements
    .filter(({ Resource, Condition }) => !Condition && [Resource].flat().includes('*'))
    .flatMap(({ Action }) => Action as string | string[]);
  expect(unlimited.filter((action) => !WITHOUT_RESOURCES.test(action))).toEqual([]);
  for (const { Properties } of listResources('AWS::IAM::Role')) {
    expect(Properties).not.toHaveProperty('ManagedPolicyArns');
  }
});

test('the role of the instances allows every request with which agents write logs', () => {
  const allowed = listStatements({ InstanceRole: Resources.InstanceRole }).flatMap(
    ({ Action }) => Action,
  );
  // The agent of Systems Manager stores no output unless DescribeLogGroups returns the group (StreamData in
  // the source of amazon-ssm-agent), and then waits at the end of each command.
  const requests = ['DescribeLogGroups', 'DescribeLogStreams', 'CreateLogStream', 'PutLogEvents'];
  expect(allowed).toEqual(expect.arrayContaining(requests.map((name) => `logs:${name}`)));
});

test('the load balancer removes a draining instance before the instance stops', () => {
  const { TargetGroupAttributes, ...properties } = Resources.Targets?.Properties ?? {};
  const attributes = Object.fromEntries(
    (TargetGroupAttributes as { Key: string; Value: string }[]).map(({ Key, Value }) => [
      Key,
      Value,
    ]),
  );
  expect(properties.HealthCheckPath).toBe('/readyz');
  expect(attributes['stickiness.enabled']).toBe('false');
  const script = readFileSync('userdata/minitwit.sh', 'utf8');
  const setting = (name: string) =>
    Number(new RegExp(`^export ${name}='(\\d+)'`, 'm').exec(script)?.[1]);
  const unhealthyS =
    Number(properties.HealthCheckIntervalSeconds) * Number(properties.UnhealthyThresholdCount);
  const deregisteredS = Number(attributes['deregistration_delay.timeout_seconds']);
  expect(unhealthyS).toBeLessThan(setting('DRAIN_DELAY_S'));
  expect(deregisteredS).toBeGreaterThan(setting('DRAIN_DELAY_S'));
  expect(deregisteredS).toBeLessThanOrEqual(setting('DRAIN_MAX_S'));
});

test.each([
  ['HttpHealthRule', 'HttpListener'],
  ['HttpsHealthRule', 'HttpsListener'],
])('%s answers health checks with 404 before any other rule of %s', (rule, listener) => {
  expect(Resources[rule]?.Condition).toBe(Resources[listener]?.Condition);
  expect(Resources[rule]?.Properties).toMatchObject({
    ListenerArn: { Ref: listener },
    Priority: 1,
    Conditions: [
      {
        Field: 'path-pattern',
        // Express accepts a slash at the end of a path. Path patterns distinguish upper and lower case, as Express
        // does. AWS refuses a rule with more than five values.
        PathPatternConfig: { Values: ['/healthz', '/healthz/', '/readyz', '/readyz/', '/metrics'] },
      },
    ],
    Actions: [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '404' } }],
  });
});

test('the listeners are these two, and the one for HTTPS has a strict TLS policy', () => {
  expect(listResources('AWS::ElasticLoadBalancingV2::Listener')).toEqual([
    Resources.HttpListener,
    Resources.HttpsListener,
  ]);
  expect(Resources.HttpsListener?.Properties.SslPolicy).toMatch(
    /^ELBSecurityPolicy-TLS13-1-2-Res-/,
  );
});

test('the buckets are private and encrypted, and outlive the stack', () => {
  const { WarehouseBucket, AccessLogBucket } = Resources;
  const buckets = listResources('AWS::S3::Bucket');
  expect(new Set(buckets)).toEqual(new Set([WarehouseBucket, AccessLogBucket]));
  for (const bucket of buckets) {
    expect(bucket).toMatchObject({
      DeletionPolicy: 'RetainExceptOnCreate',
      UpdateReplacePolicy: 'Retain',
      Properties: {
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
        // The load balancer cannot write to a bucket with another encryption.
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [
            { ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } },
          ],
        },
      },
    });
    expect(bucket.Properties).not.toHaveProperty('AccessControl');
  }
  expect(WarehouseBucket?.Properties.VersioningConfiguration).toEqual({ Status: 'Enabled' });
});

test('S3 deletes the results of queries after a week, and deleted files of the warehouse after a day', () => {
  const { Rules } = WAREHOUSE.LifecycleConfiguration as { Rules: Node[] };
  expect(Rules.find(({ Prefix }) => Prefix === 'athena/')).toMatchObject({
    Status: 'Enabled',
    ExpirationInDays: 7,
    NoncurrentVersionExpiration: { NoncurrentDays: 1 },
  });
  // The files themselves are the history, which `history prune` ends.
  expect(Rules.find(({ Prefix }) => Prefix === 'parquet/')).toEqual({
    Id: 'DeletedFilesGo',
    Status: 'Enabled',
    Prefix: 'parquet/',
    NoncurrentVersionExpiration: { NoncurrentDays: 1 },
  });
});

test('no query of the workgroup can exceed its limit, or store its results elsewhere or without encryption', () => {
  const { WarehouseWorkgroup } = Resources;
  expect(listResources('AWS::Athena::WorkGroup')).toEqual([WarehouseWorkgroup]);
  expect(WarehouseWorkgroup?.Properties.WorkGroupConfiguration).toMatchObject({
    EnforceWorkGroupConfiguration: true,
    BytesScannedCutoffPerQuery: { 'Fn::Join': ['', [{ Ref: 'WarehouseQueryMaxGb' }, '000000000']] },
    ResultConfiguration: {
      OutputLocation: { 'Fn::Sub': 's3://${WarehouseBucket}/athena/' },
      EncryptionConfiguration: { EncryptionOption: 'SSE_S3' },
    },
  });
  // A workgroup with a history of queries cannot be deleted without this.
  expect(WarehouseWorkgroup?.Properties.RecursiveDeleteOption).toBe(true);
});

test('only the load balancer of this account writes access logs, which S3 deletes after 30 days', () => {
  expect(listResources('AWS::S3::BucketPolicy')).toEqual([Resources.AccessLogPolicy]);
  expect(listStatements(Resources.AccessLogPolicy)).toEqual([
    {
      Sid: 'WriteAccessLogs',
      Effect: 'Allow',
      Principal: { Service: 'logdelivery.elasticloadbalancing.amazonaws.com' },
      Action: 's3:PutObject',
      Resource: { 'Fn::Sub': '${AccessLogBucket.Arn}/AWSLogs/${AWS::AccountId}/*' },
    },
  ]);
  expect(Resources.AccessLogBucket?.Properties.LifecycleConfiguration).toMatchObject({
    Rules: [{ Status: 'Enabled', ExpirationInDays: 30 }],
  });
});

test('the firewall counts the requests of each address, and stores no sample of them', () => {
  const rules = Resources.Firewall?.Properties.Rules as Node[];
  expect(rules.map(({ Statement }) => Statement)).toEqual([
    {
      RateBasedStatement: {
        AggregateKeyType: 'IP',
        EvaluationWindowSec: 300,
        Limit: { Ref: 'RequestsPerAddress' },
      },
    },
  ]);
  for (const { VisibilityConfig } of [Resources.Firewall?.Properties, ...rules] as Node[]) {
    expect(VisibilityConfig).toMatchObject({ SampledRequestsEnabled: false });
  }
});

function listResources(type: string) {
  return Object.values(Resources).filter(({ Type }) => Type === type);
}

function listStatements(value: unknown): Node[] {
  if (typeof value !== 'object' || value === null) return [];
  const { Version, Statement } = value as Node;
  if (Version !== undefined && Statement !== undefined) return [Statement].flat() as Node[];
  return Object.values(value).flatMap(listStatements);
}

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { renderTemplate } from '../../../src/cloud/stack/template.ts';
import { parseTemplate } from './parse-template.ts';
import { listFaults } from './template-faults.ts';

const script = readFileSync('userdata/minitwit.sh', 'utf8');
const template = parseTemplate(await renderTemplate());

test('nothing in it is open that must not be', () => {
  expect(listFaults(template, script)).toEqual([]);
});

const ANYWHERE = { CidrIp: '0.0.0.0/0' };
const instances = { SourceSecurityGroupId: { Ref: 'InstanceGroup' } };
const hidden = (value: unknown) => ({ 'Fn::If': ['IsSpot', value, { Ref: 'AWS::NoValue' }] });
const port = (number: number, from: object) => ({
  IpProtocol: 'tcp',
  FromPort: number,
  ToPort: number,
  ...from,
});
const NEW = 'Resources.New';

// The property that is set, its value, and the fault that is reported.
const MUTATIONS: [path: string, value: unknown, fault: string][] = [
  ['Database.PubliclyAccessible', true, 'Database may be public'],
  ['Database.PubliclyAccessible', undefined, 'Database may be public'],
  ['Database.PubliclyAccessible', hidden(true), 'Database may be public'],
  ['Database.StorageEncrypted', false, 'Database is not encrypted'],
  ['Database.StorageEncrypted', undefined, 'Database is not encrypted'],
  ['Database.DBParameterGroupName', undefined, 'Database does without TLS'],
  ['DatabaseParameters.Parameters.require_secure_transport', '0', 'Database does without TLS'],
  ['DatabaseParameters.Parameters', {}, 'Database does without TLS'],
  ['Database.ManageMasterUserPassword', false, 'Database has a known password'],
  ['Database.MasterUserPassword', 'hunter2', 'MasterUserPassword is written down'],
  ['Resources.Database.DeletionPolicy', 'Delete', 'Database goes without a snapshot'],
  ['Resources.Database.DeletionPolicy', undefined, 'Database goes without a snapshot'],
  ['Resources.Database.UpdateReplacePolicy', 'Delete', 'Database is replaced without a snapshot'],
  ['Parameters.BackupDays.MinValue', 0, 'Database may have no backups'],
  ['Database.BackupRetentionPeriod', undefined, 'Database may have no backups'],
  ['DatabaseGroup.SecurityGroupIngress.1', port(3306, ANYWHERE), 'opens 3306 to addresses'],
  ['DatabaseGroup.SecurityGroupIngress.0', port(3306, { CidrIp: '10.0.0.0/8' }), 'opens 3306 to'],
  ['DatabaseGroup.SecurityGroupIngress.0', port(3306, { CidrIpv6: '::/0' }), 'opens 3306 to'],
  ['DatabaseGroup.SecurityGroupIngress.1', hidden(port(3306, ANYWHERE)), 'opens 3306 to addresses'],
  [
    'DatabaseGroup.SecurityGroupIngress.0.SourceSecurityGroupId.Ref',
    'BalancerGroup',
    'DatabaseGroup opens 3306 to others',
  ],
  [
    'InstanceGroup.SecurityGroupIngress.1',
    port(22, ANYWHERE),
    'InstanceGroup opens 22 to addresses',
  ],
  ['InstanceGroup.SecurityGroupIngress.1', port(5000, ANYWHERE), 'opens 5000 to addresses'],
  ['InstanceGroup.SecurityGroupIngress.1', { IpProtocol: '-1', ...ANYWHERE }, 'opens many ports'],
  [
    'BalancerGroup.SecurityGroupIngress.0',
    { ...port(20, ANYWHERE), ToPort: 80 },
    'BalancerGroup opens many ports to addresses',
  ],
  [
    'WarehouseGroup.SecurityGroupIngress.0',
    port(22, ANYWHERE),
    'WarehouseGroup opens 22 to addresses',
  ],
  ['WarehouseGroup.SecurityGroupIngress.0', port(3306, instances), 'WarehouseGroup opens 3306'],
  [
    NEW,
    { Type: 'AWS::EC2::SecurityGroupIngress', Properties: port(22, ANYWHERE) },
    'New opens 22 to addresses',
  ],
  ['DatabaseGroup.SecurityGroupEgress', undefined, 'DatabaseGroup allows everything'],
  ['WarehouseGroup.SecurityGroupEgress', [], 'WarehouseGroup allows everything'],
  ['Resources.BalancerToInstances', undefined, 'BalancerGroup allows everything'],
  [
    'InstanceGroup.SecurityGroupEgress.1',
    { IpProtocol: '-1', ...ANYWHERE },
    'InstanceGroup allows -1',
  ],
  [
    'InstanceGroup.SecurityGroupEgress.1',
    hidden(port(80, ANYWHERE)),
    'InstanceGroup allows what a condition decides',
  ],
  [
    'InstanceGroup.SecurityGroupEgress.0',
    { ...port(443, ANYWHERE), ToPort: 65_535 },
    'InstanceGroup allows tcp 443-65535',
  ],
  ['InstanceGroup.SecurityGroupEgress.0.IpProtocol', 'udp', 'InstanceGroup allows udp 443'],
  [
    'DatabaseGroup.SecurityGroupEgress.1',
    port(443, { CidrIpv6: '::/0' }),
    'DatabaseGroup allows tcp 443 to ::/0',
  ],
  [
    'BalancerToInstances.DestinationSecurityGroupId.Ref',
    'DatabaseGroup',
    'BalancerGroup allows tcp 5000 to DatabaseGroup',
  ],
  ['Resources.InstancesToDatabase', undefined, 'InstanceGroup lacks tcp 3306 to DatabaseGroup'],
  ['InstancesToDatabase.GroupId', 'sg-1', 'InstancesToDatabase is a rule of no group'],
  [
    'Resources.InstancesToDatabase.Condition',
    'IsSpot',
    'InstanceGroup allows what a condition decides',
  ],
  [
    NEW,
    { Type: 'AWS::EC2::SecurityGroup', Properties: { GroupDescription: 'a group' } },
    'New allows everything',
  ],
  ['LaunchTemplate.LaunchTemplateData.MetadataOptions.HttpTokens', 'optional', 'allows IMDSv1'],
  ['LaunchTemplate.LaunchTemplateData.MetadataOptions', undefined, 'allows IMDSv1'],
  ['LaunchTemplate.LaunchTemplateData.KeyName', 'minitwit', 'has a key for ssh'],
  [
    'LaunchTemplate.LaunchTemplateData.BlockDeviceMappings.0.Ebs.Encrypted',
    false,
    'LaunchTemplate has a disk that is not encrypted',
  ],
  ['LaunchTemplate.LaunchTemplateData.BlockDeviceMappings', [], 'has a disk that is not encrypted'],
  ['WarehouseVolume.Encrypted', undefined, 'WarehouseVolume is not encrypted'],
  ['Parameters.AdminPassword', { Type: 'String', Default: 'x' }, 'AdminPassword is a secret with'],
  [
    'Parameters.Pin',
    { Type: 'String', NoEcho: true, Default: '1' },
    'Pin is a secret with a default',
  ],
  ['SessionSecret.SecretString', 'hunter2', 'SecretString is written down'],
  [
    'LaunchTemplate.LaunchTemplateData.UserData.Fn::Base64.Fn::Sub.1.SESSION_SECRET',
    'hunter2',
    'SESSION_SECRET is written down',
  ],
  ['InstanceRole.Policies.0.PolicyDocument.Statement.0.Action', '*', 'does not say which actions'],
  [
    'InstanceRole.Policies.0.PolicyDocument.Statement.1.Action.0',
    'ssm:*',
    'InstanceRole does not say which actions',
  ],
  ['InstanceRole.Policies.0.PolicyDocument.Statement.0.Action', undefined, 'does not say which'],
  ['InstanceRole.Policies.0.PolicyDocument.Statement.0.Resource', '*', 'may do it to everything'],
  ['InstanceRole.Policies.0.PolicyDocument.Statement.0.Effect', 'Alow', 'has no such effect'],
  ['InstanceRole.ManagedPolicyArns', ['arn:aws:iam::aws:policy/X'], 'has a policy of others'],
  [
    'InstanceRole.AssumeRolePolicyDocument.Statement.0.Principal',
    '*',
    'InstanceRole is for everybody',
  ],
  ['SetUpPolicy.PolicyDocument.Statement.0.Action', 'secretsmanager:*', 'SetUpPolicy does not say'],
  ['SetUpPolicy.PolicyDocument.Statement.0.Resource', '*', 'SetUpPolicy may do it to everything'],
  ['WarehousePolicy.PolicyDocument.Statement.5.Action', ['s3:*'], 'WarehousePolicy does not say'],
  ['WarehousePolicy.PolicyDocument.Statement.4.Condition', undefined, 'may do it to everything'],
  ['Targets.TargetGroupAttributes.1.Value', 'true', 'Targets are sticky'],
  ['Targets.TargetGroupAttributes.1', undefined, 'Targets are sticky'],
  ['Targets.HealthCheckPath', '/healthz', 'Targets are not asked whether they are ready'],
  [
    'Targets.TargetGroupAttributes.0.Value',
    '300',
    'Targets are not given up when the server drains',
  ],
  [
    'Targets.TargetGroupAttributes.0.Value',
    '10',
    'Targets are not given up when the server drains',
  ],
  ['Targets.HealthCheckIntervalSeconds', 10, 'Targets are not given up when the server drains'],
  ['HttpsListener.SslPolicy', undefined, 'HttpsListener accepts weak TLS'],
  ['HttpsListener.SslPolicy', 'ELBSecurityPolicy-2016-08', 'HttpsListener accepts weak TLS'],
  ['Resources.HttpHealthRule', undefined, 'HttpListener forwards health checks'],
  ['HttpHealthRule.ListenerArn.Ref', 'HttpsListener', 'HttpListener forwards health checks'],
  ['HttpHealthRule.Priority', 2, 'HttpListener forwards health checks'],
  ['Resources.HttpHealthRule.Condition', 'HasCertificate', 'HttpListener forwards health checks'],
  ['HttpHealthRule.Conditions.1', { Field: 'source-ip' }, 'HttpListener forwards health checks'],
  ['HttpHealthRule.Actions.0.Type', 'forward', 'HttpListener forwards health checks'],
  ['Resources.HttpsHealthRule', undefined, 'HttpsListener forwards health checks'],
  [
    'HttpsHealthRule.Conditions.0.PathPatternConfig.Values',
    ['/healthz', '/readyz'],
    'HttpsListener forwards health checks',
  ],
  [
    'HttpsHealthRule.Actions.0.FixedResponseConfig.StatusCode',
    '200',
    'HttpsListener forwards health checks',
  ],
  ['WarehouseBucket.PublicAccessBlockConfiguration.BlockPublicAcls', false, 'may be public'],
  ['WarehouseBucket.PublicAccessBlockConfiguration', undefined, 'WarehouseBucket may be public'],
  ['WarehouseBucket.AccessControl', 'PublicRead', 'WarehouseBucket may be public'],
  ['WarehouseBucket.BucketEncryption', undefined, 'WarehouseBucket is not encrypted'],
  [
    'WarehouseBucket.VersioningConfiguration.Status',
    'Suspended',
    'WarehouseBucket has no versions',
  ],
  ['Resources.WarehouseBucket.DeletionPolicy', 'Delete', 'WarehouseBucket goes with the stack'],
  [
    NEW,
    {
      Type: 'AWS::S3::BucketPolicy',
      Properties: {
        PolicyDocument: {
          Statement: [{ Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: 'x' }],
        },
      },
    },
    'New is for everybody',
  ],
];

test.each(MUTATIONS)('%s: %j is noticed: %s', (path, value, fault) => {
  const mutated = structuredClone(template);
  const keys = path.split('.');
  const whole = ['Resources', 'Parameters'].includes(keys[0] ?? '');
  set(mutated, whole ? keys : ['Resources', keys[0] ?? '', 'Properties', ...keys.slice(1)], value);
  expect(listFaults(mutated, script)).toContainEqual(expect.stringContaining(fault));
});

test.each([
  ['DRAIN_DELAY_S', '25'],
  ['DRAIN_DELAY_S', '10'],
  ['DRAIN_MAX_S', '15'],
])('a script with %s=%s is noticed', (name, value) => {
  const other = script.replace(
    new RegExp(`^export ${name}='\\d+'`, 'm'),
    `export ${name}='${value}'`,
  );
  expect(other).not.toBe(script);
  expect(listFaults(template, other)).toEqual(['Targets are not given up when the server drains']);
});

function set(target: unknown, [key = '', ...rest]: string[], value: unknown): void {
  const node = target as Record<string, unknown>;
  if (rest.length > 0) {
    // Otherwise a misspelt name would pass.
    if (!(key in node)) throw new Error(`There is no ${key}`);
    set(node[key], rest, value);
  } else if (value === undefined) {
    delete node[key];
  } else {
    node[key] = value;
  }
}

import { isDeepStrictEqual } from 'node:util';
import { listOutgoingFaults } from './outgoing-connections.ts';
import type { Template } from './parse-template.ts';

type Node = Record<string, unknown>;
type Resource = Template['Resources'][string] & { name: string };

/** Lists what a template must not be, whatever its parameters are; `userData` is its instances' script. */
export function listFaults(template: Template, userData: string): string[] {
  const resources = Object.entries(template.Resources).map(([name, each]) => ({ ...each, name }));
  const ofType = (type: string) => resources.filter(({ Type }) => Type === type);
  return [
    ...ofType('AWS::RDS::DBInstance').flatMap((each) => faultsOfDatabase(each, template)),
    ...resources.flatMap(faultsOfPorts),
    ...listOutgoingFaults(template),
    ...ofType('AWS::EC2::LaunchTemplate').flatMap(faultsOfInstances),
    ...ofType('AWS::EC2::Volume').flatMap(({ name, Properties }) =>
      faultUnless(Properties.Encrypted === true, `${name} is not encrypted`),
    ),
    ...faultsOfSecrets(template),
    ...resources.flatMap(faultsOfPolicies),
    ...ofType('AWS::ElasticLoadBalancingV2::TargetGroup').flatMap((each) =>
      faultsOfTargets(each, userData),
    ),
    ...ofType('AWS::ElasticLoadBalancingV2::Listener').flatMap((each) =>
      faultsOfListener(each, template),
    ),
    ...ofType('AWS::S3::Bucket').flatMap(faultsOfBucket),
  ];
}

function faultUnless(isRight: boolean, fault: string): string[] {
  return isRight ? [] : [fault];
}

function faultsOfDatabase({ name, Properties, ...policies }: Resource, template: Template) {
  const group = (Properties.DBParameterGroupName as Node | undefined)?.Ref;
  const parameters = template.Resources[String(group)]?.Properties.Parameters as Node | undefined;
  const backup = (Properties.BackupRetentionPeriod as Node | undefined)?.Ref;
  return [
    ...faultUnless(Properties.PubliclyAccessible === false, `${name} may be public`),
    ...faultUnless(Properties.StorageEncrypted === true, `${name} is not encrypted`),
    ...faultUnless(parameters?.require_secure_transport === '1', `${name} does without TLS`),
    ...faultUnless(Properties.ManageMasterUserPassword === true, `${name} has a known password`),
    ...faultUnless(policies.DeletionPolicy === 'Snapshot', `${name} goes without a snapshot`),
    ...faultUnless(
      policies.UpdateReplacePolicy === 'Snapshot',
      `${name} is replaced without a snapshot`,
    ),
    ...faultUnless(
      Number(template.Parameters[String(backup)]?.MinValue) > 0,
      `${name} may have no backups`,
    ),
  ];
}

// The ports that may be open to the internet.
const OPEN_PORTS = new Set([80, 443]);
const DATABASE_PORT = 3306;

function faultsOfPorts({ name, Type, Properties }: Resource): string[] {
  const rules =
    Type === 'AWS::EC2::SecurityGroup'
      ? branchesOf(Properties.SecurityGroupIngress)
      : Type === 'AWS::EC2::SecurityGroupIngress'
        ? [Properties]
        : [];
  return rules.flatMap(({ FromPort, ToPort, IpProtocol, SourceSecurityGroupId }) => {
    const isOne = IpProtocol === 'tcp' && FromPort === ToPort;
    const ports = `${name} opens ${isOne ? String(FromPort) : 'many ports'}`;
    if (SourceSecurityGroupId === undefined) {
      return faultUnless(isOne && OPEN_PORTS.has(Number(FromPort)), `${ports} to addresses`);
    }
    const isInstances = isDeepStrictEqual(SourceSecurityGroupId, { Ref: 'InstanceGroup' });
    return [
      ...faultUnless(isOne, ports),
      ...faultUnless(FromPort !== 22 || isInstances, `${ports} to others than the instances`),
      ...faultUnless(
        FromPort !== DATABASE_PORT || (isInstances && name === 'DatabaseGroup'),
        `${ports} to others than the instances`,
      ),
    ];
  });
}

/** What a list may hold, whichever conditions hold. */
function branchesOf(value: unknown): Node[] {
  if (Array.isArray(value)) return value.flatMap(branchesOf);
  if (typeof value !== 'object' || value === null) return [];
  const node = value as Node;
  if (Array.isArray(node['Fn::If'])) return node['Fn::If'].slice(1).flatMap(branchesOf);
  return node.Ref === 'AWS::NoValue' ? [] : [node];
}

function faultsOfInstances({ name, Properties }: Resource): string[] {
  const data = Properties.LaunchTemplateData as Node;
  const disks = branchesOf(data.BlockDeviceMappings).map(({ Ebs }) => Ebs as Node | undefined);
  return [
    ...faultUnless(
      (data.MetadataOptions as Node | undefined)?.HttpTokens === 'required',
      `${name} allows IMDSv1`,
    ),
    ...faultUnless(
      disks.length > 0 && disks.every((disk) => disk?.Encrypted === true),
      `${name} has a disk that is not encrypted`,
    ),
    ...faultUnless(data.KeyName === undefined, `${name} has a key for ssh`),
  ];
}

function faultsOfSecrets({ Parameters, Resources }: Template): string[] {
  const known = Object.entries(Parameters).filter(
    ([name, { Default, NoEcho }]) =>
      (NoEcho !== undefined || /passw|secret|token/i.test(name)) && Default !== undefined,
  );
  const written = keysIn(Resources).filter((name) =>
    /^(SecretString|Password|MasterUserPassword|DB_PASSWD|SESSION_SECRET)$/.test(name),
  );
  return [
    ...known.map(([name]) => `${name} is a secret with a default`),
    ...written.map((name) => `${name} is written down`),
  ];
}

function keysIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, each]) => [name, ...keysIn(each)]);
}

// Actions for which IAM has no resources.
const OF_ALL = /^(ec2:Describe|ssm:UpdateInstanceInformation$|ssmmessages:|ec2messages:)/;

function faultsOfPolicies({ name, Properties }: Resource): string[] {
  const foreign =
    Properties.ManagedPolicyArns === undefined ? [] : [`${name} has a policy of others`];
  return [...foreign, ...statementsIn(Properties).flatMap((each) => faultsOfStatement(name, each))];
}

function statementsIn(value: unknown): Node[] {
  if (typeof value !== 'object' || value === null) return [];
  const { Statement } = value as Node;
  if (Statement !== undefined) return branchesOf(Statement);
  return Object.values(value).flatMap(statementsIn);
}

function faultsOfStatement(name: string, { Effect, Action, Resource, Principal, Condition }: Node) {
  const actions = [Action].flat().map(String);
  const isOfAll = [Resource].flat().includes('*');
  return [
    ...faultUnless(Effect === 'Allow' || Effect === 'Deny', `${name} has no such effect`),
    ...faultUnless(
      Action !== undefined && !actions.some((action) => action.includes('*')),
      `${name} does not say which actions`,
    ),
    ...faultUnless(
      !isOfAll || Condition !== undefined || actions.every((action) => OF_ALL.test(action)),
      `${name} may do it to everything`,
    ),
    ...faultUnless(!JSON.stringify(Principal ?? '').includes('*'), `${name} is for everybody`),
  ];
}

function faultsOfTargets({ name, Properties }: Resource, userData: string): string[] {
  const { TargetGroupAttributes, HealthCheckPath } = Properties;
  const attribute = (key: string) =>
    branchesOf(TargetGroupAttributes).find(({ Key }) => Key === key)?.Value;
  const setting = (key: string) =>
    Number(new RegExp(`^export ${key}='(\\d+)'`, 'm').exec(userData)?.[1]);
  const delayS = setting('DRAIN_DELAY_S');
  const noticedS =
    Number(Properties.HealthCheckIntervalSeconds) * Number(Properties.UnhealthyThresholdCount);
  const goneS = Number(attribute('deregistration_delay.timeout_seconds'));
  return [
    ...faultUnless(attribute('stickiness.enabled') === 'false', `${name} are sticky`),
    ...faultUnless(HealthCheckPath === '/readyz', `${name} are not asked whether they are ready`),
    ...faultUnless(
      noticedS < delayS && delayS < goneS && goneS <= setting('DRAIN_MAX_S'),
      `${name} are not given up when the server drains`,
    ),
  ];
}

// Express accepts a slash at the end of a path, and distinguishes upper and lower case as path patterns do.
const HEALTH_PATHS = ['/healthz', '/healthz/', '/readyz', '/readyz/'];

function faultsOfListener(
  { name, Condition, Properties: listener }: Resource,
  { Resources }: Template,
): string[] {
  const isHidden = Object.values(Resources).some(
    ({ Type, Condition: ruleCondition, Properties }) =>
      Type === 'AWS::ElasticLoadBalancingV2::ListenerRule' &&
      isDeepStrictEqual(Properties.ListenerArn, { Ref: name }) &&
      isDeepStrictEqual(ruleCondition, Condition) &&
      answersNotFound(Properties),
  );
  const isModern = String(listener.SslPolicy).startsWith('ELBSecurityPolicy-TLS13-1-2-Res-');
  return [
    ...faultUnless(isHidden, `${name} forwards health checks`),
    ...faultUnless(listener.Protocol === 'HTTP' || isModern, `${name} accepts weak TLS`),
  ];
}

/** Returns whether a rule precedes all others, and answers the health checks' paths with 404 for every client. */
function answersNotFound({ Priority, Conditions, Actions }: Node): boolean {
  const conditions = branchesOf(Conditions);
  const [action] = branchesOf(Actions);
  const paths = (conditions[0]?.PathPatternConfig as Node | undefined)?.Values;
  const { StatusCode } = (action?.FixedResponseConfig ?? {}) as Node;
  return (
    Priority === 1 &&
    conditions.length === 1 &&
    Array.isArray(paths) &&
    HEALTH_PATHS.every((path) => paths.includes(path)) &&
    action?.Type === 'fixed-response' &&
    StatusCode === '404'
  );
}

function faultsOfBucket({ name, DeletionPolicy, Properties }: Resource): string[] {
  const isBlocked = isDeepStrictEqual(Properties.PublicAccessBlockConfiguration, {
    BlockPublicAcls: true,
    BlockPublicPolicy: true,
    IgnorePublicAcls: true,
    RestrictPublicBuckets: true,
  });
  const isVersioned = isDeepStrictEqual(Properties.VersioningConfiguration, { Status: 'Enabled' });
  return [
    ...faultUnless(isBlocked && Properties.AccessControl === undefined, `${name} may be public`),
    ...faultUnless(Properties.BucketEncryption !== undefined, `${name} is not encrypted`),
    ...faultUnless(isVersioned, `${name} has no versions`),
    ...faultUnless(String(DeletionPolicy).startsWith('Retain'), `${name} goes with the stack`),
  ];
}

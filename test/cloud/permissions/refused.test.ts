import { expect, test } from 'vitest';
import { roleInputs } from '../../../src/cloud/image/requests.ts';
import { renderTemplate } from '../../../src/cloud/stack/template.ts';
import { parseTemplate } from '../stack/parse-template.ts';
import { ACCOUNT, BOUNDARY_ARN, listOperatorPolicies } from './operator-policies.ts';
import { decide, type IamRequest } from './simulate.ts';

const at = (service: string, resource: string) =>
  `arn:aws:${service}:eu-central-1:${ACCOUNT}:${resource}`;
const iam = (resource: string) => `arn:aws:iam::${ACCOUNT}:${resource}`;
const INSTANCE_ROLE = iam('role/minitwit-InstanceRole-1A2B3C');
const OF_SHOP = { 'aws:ResourceTag/aws:cloudformation:stack-name': 'shop' };
const WITHIN = { 'iam:PermissionsBoundary': BOUNDARY_ARN };

const REFUSED: [
  title: string,
  action: string,
  resource: string,
  context?: Record<string, string>,
][] = [
  ['deletes another stack', 'cloudformation:DeleteStack', at('cloudformation', 'stack/shop/1a2b')],
  [
    'deletes the operators’ stack',
    'cloudformation:DeleteStack',
    at('cloudformation', 'stack/minitwit-operator/1a2b'),
  ],
  [
    'changes the operators’ stack',
    'cloudformation:ExecuteChangeSet',
    at('cloudformation', 'stack/minitwit-operator/1a2b'),
  ],
  [
    'creates a schedule of another application',
    'scheduler:CreateSchedule',
    at('scheduler', 'schedule/default/shop'),
  ],
  [
    'starts an instance with the role of scheduled runs',
    'iam:PassRole',
    iam('role/minitwit-scheduled-run'),
    { 'iam:PassedToService': 'ec2.amazonaws.com' },
  ],
  [
    'starts an instance with the role of schedules',
    'iam:PassRole',
    iam('role/minitwit-scheduler'),
    { 'iam:PassedToService': 'ec2.amazonaws.com' },
  ],
  ['changes the role of scheduled runs', 'iam:PutRolePolicy', iam('role/minitwit-scheduled-run')],
  ['deletes another table of Athena', 'glue:DeleteTable', at('glue', 'table/shop/orders')],
  [
    'deletes another workgroup of Athena',
    'athena:DeleteWorkGroup',
    at('athena', 'workgroup/primary'),
  ],
  ['deletes another database', 'rds:DeleteDBInstance', at('rds', 'db:shop')],
  ['changes another database', 'rds:ModifyDBInstance', at('rds', 'db:shop')],
  [
    'deletes another snapshot of a database',
    'rds:DeleteDBSnapshot',
    at('rds', 'snapshot:shop-final'),
  ],
  [
    'restores a snapshot of another database',
    'rds:RestoreDBInstanceFromDBSnapshot',
    at('rds', 'snapshot:shop-final'),
  ],
  ['deletes a cluster', 'rds:DeleteDBCluster', at('rds', 'cluster:minitwit')],
  [
    'reads the password of a database’s master',
    'secretsmanager:GetSecretValue',
    at('secretsmanager', 'secret:rds!db-1a2b-AbCdEf'),
  ],
  [
    'reads a master’s password that has the tag',
    'secretsmanager:GetSecretValue',
    at('secretsmanager', 'secret:rds!db-1a2b-AbCdEf'),
    { 'aws:ResourceTag/minitwit:stack': 'minitwit' },
  ],
  [
    'reads another secret',
    'secretsmanager:GetSecretValue',
    at('secretsmanager', 'secret:shop-AbCdEf'),
  ],
  [
    'deletes another secret',
    'secretsmanager:DeleteSecret',
    at('secretsmanager', 'secret:shop-AbCdEf'),
    OF_SHOP,
  ],
  [
    'tags another secret',
    'secretsmanager:TagResource',
    at('secretsmanager', 'secret:shop-AbCdEf'),
    { 'aws:RequestTag/minitwit:stack': 'minitwit' },
  ],
  ['creates a role without a boundary', 'iam:CreateRole', INSTANCE_ROLE],
  [
    'creates a role with another boundary',
    'iam:CreateRole',
    INSTANCE_ROLE,
    { 'iam:PermissionsBoundary': 'arn:aws:iam::aws:policy/AdministratorAccess' },
  ],
  ['creates a role of another name', 'iam:CreateRole', iam('role/shop'), WITHIN],
  ['changes a role without a boundary', 'iam:PutRolePolicy', INSTANCE_ROLE],
  ['changes another role', 'iam:PutRolePolicy', iam('role/shop'), WITHIN],
  ['deletes another role', 'iam:DeleteRole', iam('role/shop')],
  ['attaches a policy to a role', 'iam:AttachRolePolicy', INSTANCE_ROLE, WITHIN],
  ['removes a boundary', 'iam:DeleteRolePermissionsBoundary', INSTANCE_ROLE, WITHIN],
  [
    'replaces a boundary',
    'iam:PutRolePermissionsBoundary',
    INSTANCE_ROLE,
    { 'iam:PermissionsBoundary': 'arn:aws:iam::aws:policy/AdministratorAccess' },
  ],
  ['changes the boundary', 'iam:CreatePolicyVersion', BOUNDARY_ARN],
  ['deletes the boundary', 'iam:DeletePolicy', BOUNDARY_ARN],
  [
    'changes the operators’ policies',
    'iam:CreatePolicyVersion',
    iam('policy/minitwit-operator-stack'),
  ],
  ['attaches a policy to the operators', 'iam:AttachGroupPolicy', iam('group/minitwit-operators')],
  ['gives a user a policy', 'iam:PutUserPolicy', iam('user/alice')],
  [
    'passes a role to Lambda',
    'iam:PassRole',
    INSTANCE_ROLE,
    { 'iam:PassedToService': 'lambda.amazonaws.com' },
  ],
  [
    'passes another role to EC2',
    'iam:PassRole',
    iam('role/minitwit-admin'),
    { 'iam:PassedToService': 'ec2.amazonaws.com' },
  ],
  [
    'creates a role of another service',
    'iam:CreateServiceLinkedRole',
    iam('role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS'),
    { 'iam:AWSServiceName': 'ecs.amazonaws.com' },
  ],
  [
    'runs a script on another instance',
    'ssm:SendCommand',
    at('ec2', 'instance/i-1'),
    { 'ssm:resourceTag/aws:cloudformation:stack-name': 'shop' },
  ],
  ['runs another document', 'ssm:SendCommand', at('ssm', 'document/AWS-ConfigureAWSPackage')],
  [
    'opens a tunnel with another document',
    'ssm:StartSession',
    at('ssm', 'document/AWS-StartPortForwardingSession'),
  ],
  ['opens a shell on another instance', 'ssm:StartSession', at('ec2', 'instance/i-1')],
  ['ends another user’s session', 'ssm:TerminateSession', at('ssm', 'session/bob-1a2b')],
  ['reads the console of another instance', 'ec2:GetConsoleOutput', at('ec2', 'instance/i-1')],
  ['terminates another instance', 'ec2:TerminateInstances', at('ec2', 'instance/i-1'), OF_SHOP],
  ['stops another instance', 'ec2:StopInstances', at('ec2', 'instance/i-1')],
  ['launches an instance without a tag', 'ec2:RunInstances', at('ec2', 'instance/*')],
  [
    'launches an instance in another security group',
    'ec2:RunInstances',
    at('ec2', 'security-group/sg-1'),
    OF_SHOP,
  ],
  [
    'tags another instance',
    'ec2:CreateTags',
    at('ec2', 'instance/i-1'),
    { 'aws:RequestTag/minitwit:stack': 'minitwit' },
  ],
  [
    'tags another volume for the warehouse',
    'ec2:CreateTags',
    at('ec2', 'volume/vol-1'),
    { 'aws:RequestTag/minitwit:warehouse': 'minitwit' },
  ],
  ['deletes another volume', 'ec2:DeleteVolume', at('ec2', 'volume/vol-1'), OF_SHOP],
  ['deletes another snapshot', 'ec2:DeleteSnapshot', 'arn:aws:ec2:eu-central-1::snapshot/snap-1'],
  ['deregisters another image', 'ec2:DeregisterImage', 'arn:aws:ec2:eu-central-1::image/ami-1'],
  [
    'opens another security group',
    'ec2:AuthorizeSecurityGroupIngress',
    at('ec2', 'security-group/sg-1'),
    OF_SHOP,
  ],
  [
    'deletes another launch template',
    'ec2:DeleteLaunchTemplate',
    at('ec2', 'launch-template/lt-1'),
  ],
  [
    'changes another Auto Scaling group',
    'autoscaling:UpdateAutoScalingGroup',
    at('autoscaling', 'autoScalingGroup:1a2b:autoScalingGroupName/shop'),
  ],
  [
    'deletes another load balancer',
    'elasticloadbalancing:DeleteLoadBalancer',
    at('elasticloadbalancing', 'loadbalancer/app/shop/50dc6c495c0c9188'),
    OF_SHOP,
  ],
  [
    'tags another load balancer',
    'elasticloadbalancing:AddTags',
    at('elasticloadbalancing', 'loadbalancer/app/shop/50dc6c495c0c9188'),
    { 'aws:RequestTag/minitwit:stack': 'minitwit' },
  ],
  ['deletes another bucket', 's3:DeleteBucket', 'arn:aws:s3:::shop'],
  ['reads another bucket', 's3:GetObject', 'arn:aws:s3:::shop/orders.csv'],
  ['empties another bucket', 's3:DeleteObjectVersion', 'arn:aws:s3:::shop/orders.csv'],
  ['reads another log', 'logs:FilterLogEvents', at('logs', 'log-group:shop')],
  ['deletes another log', 'logs:DeleteLogGroup', at('logs', 'log-group:shop')],
  ['deletes another alarm', 'cloudwatch:DeleteAlarms', at('cloudwatch', 'alarm:shop')],
  ['deletes another topic', 'sns:DeleteTopic', at('sns', 'shop')],
  [
    'uses the key of a service directly',
    'kms:CreateGrant',
    at('kms', 'key/1a2b'),
    { 'kms:ViaService': 'ec2.eu-central-1.amazonaws.com' },
  ],
];

test.each(REFUSED)('AWS refuses that an operator %s', async (_, action, resource, context = {}) => {
  expect(await decide({ action, resource, context })).toBe('refused');
});

test('AWS refuses that an operator tags a secret of the same name in another stack', async () => {
  const request = {
    action: 'secretsmanager:TagResource',
    resource: at('secretsmanager', 'secret:DatabasePassword-1A2B3C-AbCdEf'),
    context: { 'aws:RequestTag/minitwit:stack': 'minitwit' },
  };
  expect(await decide(request)).toBe('allowed');
  const existing = { ...request, context: { ...request.context, ...OF_SHOP } };
  expect(await decide(existing)).toBe('refused');
});

const boundary = listOperatorPolicies().filter(({ name }) => name === 'minitwit-boundary');
const template = parseTemplate(await renderTemplate());
const secretNames = new Set(
  Object.entries(template.Resources)
    .filter(([, { Type }]) => Type === 'AWS::SecretsManager::Secret')
    .map(([name]) => name),
);
const secretArn = (name: string) => at('secretsmanager', `secret:${name}-1A2B3C-AbCdEf`);
const MASTER_SECRET = at('secretsmanager', 'secret:rds!db-1a2b-AbCdEf');
const LOGS = at('logs', 'log-group:minitwit-Logs-1A2B3C:*');

test('operators may create every secret of the stack', async () => {
  expect(secretNames.size).toBeGreaterThan(1);
  for (const name of secretNames) {
    const context = { 'aws:RequestTag/minitwit:stack': 'minitwit' };
    for (const action of ['secretsmanager:CreateSecret', 'secretsmanager:TagResource']) {
      const decision = await decide({ action, resource: secretArn(name), context });
      expect(decision, `${action} of ${name}`).toBe('allowed');
    }
  }
});

interface RoleStatement {
  Sid?: string;
  Action: string | string[];
  Resource: unknown;
  Condition?: { StringEquals: Record<string, string> };
}

/** Lists the requests that the statements of a role allow, with the ARNs that AWS gives to the stack's resources. */
function listRoleRequests(statements: RoleStatement[]): IamRequest[] {
  return statements.flatMap(({ Action, Resource, Condition }) =>
    [Action].flat().flatMap((action) =>
      [Resource].flat().map((it) => {
        const { resource, context } = locate(JSON.stringify(it));
        return { action, resource, context: { ...context, ...Condition?.StringEquals } };
      }),
    ),
  );
}

function locate(resource: string): Omit<IamRequest, 'action'> {
  if (resource === '"*"') return { resource: '*' };
  const [, name = ''] = /^\{"Ref":"(\w+)"\}$/.exec(resource) ?? [];
  // docs/operation.md asks for this tag of the secret for mails, which is not in the template.
  if (secretNames.has(name) || resource.includes('"MailUrlArn"')) {
    const context = { 'aws:ResourceTag/minitwit:stack': 'minitwit' };
    return { resource: secretArn(name || 'mail'), context };
  }
  if (resource.includes('MasterUserSecret')) {
    const database = at('rds', 'db:minitwit-database-1a2b');
    return {
      resource: MASTER_SECRET,
      context: { 'aws:ResourceTag/aws:rds:primaryDBInstanceArn': database },
    };
  }
  if (/Logs?"/.test(resource)) return { resource: LOGS };
  throw new Error(`This test does not know the ARN of ${resource}.`);
}

/** Lists the statements of the roles and policies of the template. */
function listRoleStatements(): RoleStatement[] {
  const documents = Object.values(template.Resources).flatMap(({ Type, Properties }) => {
    if (Type === 'AWS::IAM::Policy') return [Properties];
    return Type === 'AWS::IAM::Role' ? (Properties.Policies as object[]) : [];
  }) as { PolicyDocument: { Statement: RoleStatement[] } }[];
  return documents.flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
}

test('the boundary allows everything that the role of the instances allows', async () => {
  const requests = listRoleRequests(listRoleStatements());
  expect(requests.length).toBeGreaterThan(15);
  for (const request of requests) {
    expect(await decide(request, boundary), request.action).toBe('allowed');
  }
});

test('the boundary allows everything that the role of the builder allows', async () => {
  const { PolicyDocument } = roleInputs(
    '20261129T062800Z-1a2b',
    'eu-central-1',
    BOUNDARY_ARN,
  ).policy;
  const { Statement } = JSON.parse(PolicyDocument) as { Statement: RoleStatement[] };
  const requests = listRoleRequests(Statement);
  expect(requests.length).toBeGreaterThan(10);
  for (const request of requests) {
    expect(await decide(request, boundary), request.action).toBe('allowed');
  }
});

test.each<[title: string, action: string, resource: string, context?: Record<string, string>]>([
  [
    'reads another secret',
    'secretsmanager:GetSecretValue',
    at('secretsmanager', 'secret:shop-AbCdEf'),
  ],
  ['reads another master’s password', 'secretsmanager:GetSecretValue', MASTER_SECRET],
  [
    // Operators may tag every secret of RDS, since RDS stores the password with their permissions.
    'reads another master’s password that has the tag',
    'secretsmanager:GetSecretValue',
    MASTER_SECRET,
    {
      'aws:ResourceTag/minitwit:stack': 'minitwit',
      'aws:ResourceTag/aws:rds:primaryDBInstanceArn': at('rds', 'db:shop'),
    },
  ],
  ['creates a role', 'iam:CreateRole', INSTANCE_ROLE],
  ['reads a bucket', 's3:GetObject', 'arn:aws:s3:::minitwit-warehousebucket-1a2b/report.csv'],
  ['deletes a database', 'rds:DeleteDBInstance', at('rds', 'db:minitwit-database-1a2b')],
  ['terminates an instance', 'ec2:TerminateInstances', at('ec2', 'instance/i-1')],
  ['writes another log', 'logs:PutLogEvents', at('logs', 'log-group:shop:*')],
])('the boundary prevents that an instance %s', async (_, action, resource, context = {}) => {
  expect(await decide({ action, resource, context }, boundary)).toBe('refused');
});

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { createCli } from '../../src/cloud/commands/cli.ts';
import { ACCOUNT, BOUNDARY_ARN, listOperatorPolicies } from './permissions/operator-policies.ts';
import { decide } from './permissions/simulate.ts';
import { parseTemplate } from './stack/parse-template.ts';

const { Resources } = parseTemplate(readFileSync('cloud/operator.yaml', 'utf8'));
const role = z
  .object({
    AssumeRolePolicyDocument: z.object({ Statement: z.tuple([z.unknown()]) }),
    ManagedPolicyArns: z.array(z.object({ Ref: z.string() })),
    MaxSessionDuration: z.number(),
  })
  .parse(Resources.DeploymentRole?.Properties);
const policyNames = new Set(
  role.ManagedPolicyArns.map(({ Ref }) => Resources[Ref]?.Properties.ManagedPolicyName),
);
const policies = listOperatorPolicies().filter(({ name }) => policyNames.has(name));

const step = z.object({
  run: z.string().optional(),
  uses: z.string().optional(),
  with: z.record(z.string(), z.unknown()).default({}),
});
const workflowText = readFileSync('.github/workflows/deploy.yml', 'utf8');
const workflow = z
  .object({
    permissions: z.record(z.string(), z.string()),
    concurrency: z.object({ group: z.string(), 'cancel-in-progress': z.boolean() }),
    jobs: z.object({
      deploy: z.object({
        if: z.string(),
        environment: z.string(),
        'timeout-minutes': z.number(),
        permissions: z.record(z.string(), z.string()),
        steps: z.array(step),
      }),
    }),
  })
  .parse(parse(workflowText));
const { deploy } = workflow.jobs;
const credentials = deploy.steps.findIndex(({ uses }) =>
  uses?.startsWith('aws-actions/configure-aws-credentials@'),
);

const at = (service: string, name: string) => `arn:aws:${service}:eu-central-1:${ACCOUNT}:${name}`;
const iam = (name: string) => `arn:aws:iam::${ACCOUNT}:${name}`;
const OF_STACK = { 'aws:ResourceTag/minitwit:stack': 'minitwit' };
const BUILDER = iam('role/minitwit-builder/eu-central-1/minitwit-builder-1');
const INSTANCE_ROLE = iam('role/minitwit-InstanceRole-1A2B3C');
const GROUP = at('autoscaling', 'autoScalingGroup:1a2b:autoScalingGroupName/minitwit-Instances');
const BOUNDED = { 'iam:PermissionsBoundary': BOUNDARY_ARN };
const TO_EC2 = { 'iam:PassedToService': 'ec2.amazonaws.com' };

test.each<[string, string, Record<string, string>?]>([
  ['iam:CreateRole', BUILDER, BOUNDED],
  ['iam:PutRolePolicy', BUILDER, BOUNDED],
  ['iam:PassRole', BUILDER, TO_EC2],
  ['iam:GetPolicy', BOUNDARY_ARN],
  ['ec2:RunInstances', at('ec2', 'instance/i-1'), { 'aws:RequestTag/minitwit:image': 'builder' }],
  ['ssm:SendCommand', at('ec2', 'instance/i-1'), { 'ssm:resourceTag/minitwit:image': 'builder' }],
  ['ec2:CreateImage', at('ec2', 'instance/i-1'), { 'aws:ResourceTag/minitwit:image': 'builder' }],
  ['s3:PutObject', 'arn:aws:s3:::minitwit-builder-1/source.tar.gz'],
  ['ec2:CreateLaunchTemplateVersion', at('ec2', 'launch-template/lt-1'), OF_STACK],
  ['autoscaling:StartInstanceRefresh', GROUP],
  ['autoscaling:RollbackInstanceRefresh', GROUP],
  ['autoscaling:UpdateAutoScalingGroup', GROUP],
  ['ec2:RunInstances', at('ec2', 'launch-template/lt-1'), OF_STACK],
  ['ec2:RunInstances', at('ec2', 'security-group/sg-1'), OF_STACK],
  ['ec2:RunInstances', at('ec2', 'instance/i-1'), { 'aws:RequestTag/minitwit:stack': 'minitwit' }],
  ['ec2:RunInstances', at('ec2', 'subnet/subnet-1')],
  ['ec2:RunInstances', 'arn:aws:ec2:eu-central-1::image/ami-1'],
  ['iam:PassRole', INSTANCE_ROLE, TO_EC2],
  ['iam:PutRolePolicy', INSTANCE_ROLE, BOUNDED],
  ['iam:DeleteRolePolicy', INSTANCE_ROLE, BOUNDED],
  ['cloudformation:ExecuteChangeSet', at('cloudformation', 'stack/minitwit/1a2b')],
])('a deployment may request %s of %s', async (action, resource, context) => {
  expect(await decide({ action, resource, ...(context && { context }) }, policies)).toBe('allowed');
});

test.each<[string, string, Record<string, string>?]>([
  ['iam:CreateRole', BUILDER],
  ['iam:CreateRole', INSTANCE_ROLE, BOUNDED],
  ['iam:PutRolePolicy', INSTANCE_ROLE],
  ['iam:UpdateAssumeRolePolicy', iam('role/minitwit-deployment'), BOUNDED],
  ['iam:PassRole', iam('role/minitwit-deployment'), TO_EC2],
  ['iam:PassRole', INSTANCE_ROLE, { 'iam:PassedToService': 'lambda.amazonaws.com' }],
  ['cloudformation:DeleteStack', at('cloudformation', 'stack/minitwit/1a2b')],
  ['cloudformation:CreateChangeSet', at('cloudformation', 'stack/minitwit-operator/1a2b')],
  ['autoscaling:DeleteAutoScalingGroup', GROUP],
  ['rds:DeleteDBInstance', at('rds', 'db:minitwit')],
  ['rds:ModifyDBInstance', at('rds', 'db:minitwit')],
  ['secretsmanager:GetSecretValue', at('secretsmanager', 'secret:SessionSecret-1'), OF_STACK],
  ['ssm:SendCommand', at('ec2', 'instance/i-1'), { 'ssm:resourceTag/minitwit:stack': 'minitwit' }],
  ['ssm:StartSession', at('ec2', 'instance/i-1'), { 'ssm:resourceTag/minitwit:stack': 'minitwit' }],
  ['ec2:TerminateInstances', at('ec2', 'instance/i-1'), OF_STACK],
  ['ec2:CreateLaunchTemplateVersion', at('ec2', 'launch-template/lt-1')],
  ['elasticloadbalancing:DeleteLoadBalancer', at('elasticloadbalancing', 'loadbalancer/app/m/1')],
  ['s3:GetObject', 'arn:aws:s3:::minitwit-warehouse/runs/1/dump'],
])('a deployment must not request %s of %s', async (action, resource, context) => {
  expect(await decide({ action, resource, ...(context && { context }) }, policies)).toBe('refused');
});

test('only one environment of one repository gets the role, and without a repository there is none', () => {
  expect(role.AssumeRolePolicyDocument.Statement[0]).toEqual({
    Effect: 'Allow',
    Principal: {
      Federated: {
        'Fn::If': ['CreatesProvider', { Ref: 'GitHubProvider' }, { Ref: 'GitHubProviderArn' }],
      },
    },
    Action: 'sts:AssumeRoleWithWebIdentity',
    Condition: {
      StringEquals: {
        'token.actions.githubusercontent.com:aud': 'sts.amazonaws.com',
        'token.actions.githubusercontent.com:sub': {
          'Fn::Sub': 'repo:${GitHubRepository}:environment:${GitHubEnvironment}',
        },
      },
    },
  });
  expect(Resources.GitHubProvider?.Condition).toBe('CreatesProvider');
  expect(Resources.DeploymentRole?.Condition).toBe('HasRepository');
  expect(Resources.DeploymentPolicy?.Condition).toBe('HasRepository');
});

test.each([
  ['octo-org/octo-repo', true],
  ['octo-org@123456/octo-repo@456789', true],
  ['', true],
  ['octo-org/*', false],
  ['octo-org@123456/octo-repo', false],
  ['https://github.com/octo-org/octo-repo', false],
])('the parameter GitHubRepository accepts "%s": %s', (value, isValid) => {
  const { Parameters } = parseTemplate(readFileSync('cloud/operator.yaml', 'utf8'));
  const pattern = z.string().parse(Parameters.GitHubRepository?.AllowedPattern);
  // CloudFormation matches the whole value.
  expect(new RegExp(`^(?:${pattern})$`).test(value)).toBe(isValid);
});

test('the workflow uses no stored key, and does nothing without the variable with the role', () => {
  expect(deploy.if).toBe("vars.AWS_ROLE != ''");
  expect(workflow.permissions).toEqual({ contents: 'read' });
  expect(deploy.permissions).toEqual({ contents: 'read', 'id-token': 'write' });
  expect(workflowText).not.toMatch(/secrets\.|access-key/);
  expect(deploy.steps[credentials]?.with).toEqual({
    'role-to-assume': '${{ vars.AWS_ROLE }}',
    'aws-region': '${{ vars.AWS_REGION }}',
    'role-duration-seconds': role.MaxSessionDuration,
  });
  expect(deploy.environment).toBe('production');
});

test('two deployments never overlap, and none outlives its credentials', () => {
  expect(workflow.concurrency).toEqual({
    group: '${{ github.workflow }}',
    'cancel-in-progress': false,
  });
  expect(deploy['timeout-minutes'] * 60).toBeLessThan(role.MaxSessionDuration);
});

test('the workflow installs packages without credentials, then runs existing commands', () => {
  const { scripts } = z
    .object({ scripts: z.record(z.string(), z.string()) })
    .parse(JSON.parse(readFileSync('package.json', 'utf8')));
  const commands = deploy.steps.map(({ run }) => run ?? '');
  const ours = commands.filter((command) => command.startsWith('npm run cloud -- '));
  expect(commands.filter(Boolean)).toEqual(['npm run setup', ...ours]);
  expect(commands.indexOf('npm run setup')).toBeLessThan(credentials);
  expect(Object.keys(scripts)).toEqual(expect.arrayContaining(['setup', 'cloud']));
  const cli = createCli({
    open: () => {
      throw new Error('No command runs here.');
    },
    prompt: async () => '',
    enableVerbose: () => undefined,
    env: {},
  });
  expect(ours.map((command) => command.split(' ').slice(4))).toEqual([['image'], ['roll']]);
  for (const name of ['image', 'roll']) {
    expect(cli.commands.map((command) => command.name())).toContain(name);
  }
});

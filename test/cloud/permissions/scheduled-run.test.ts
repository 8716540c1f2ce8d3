import { expect, test } from 'vitest';
import { ACCOUNT, listOperatorPolicies } from './operator-policies.ts';
import { decide } from './simulate.ts';

const at = (resource: string) => `arn:aws:ec2:eu-central-1:${ACCOUNT}:${resource}`;
const role = (name: string) => `arn:aws:iam::${ACCOUNT}:role/${name}`;
const OF_STACK = { 'aws:ResourceTag/minitwit:stack': 'minitwit' };
const FROM_TEMPLATE = { 'ec2:IsLaunchTemplateResource': 'true' };
const OF_EC2 = { 'iam:PassedToService': 'ec2.amazonaws.com' };

type Case = [title: string, action: string, resource: string, context: Record<string, string>];

const policy = (name: string) => listOperatorPolicies().filter((it) => it.name === name);

const RUN = 'ec2:RunInstances';
const SCHEDULED: Case[] = [
  ['a launch template of a stack', RUN, at('launch-template/lt-1'), OF_STACK],
  ['its image', RUN, 'arn:aws:ec2:eu-central-1::image/ami-1', FROM_TEMPLATE],
  ['its instance', RUN, at('instance/*'), FROM_TEMPLATE],
  ['its disk', RUN, at('volume/*'), FROM_TEMPLATE],
  ['its network interface', RUN, at('network-interface/*'), FROM_TEMPLATE],
  ['its subnet', RUN, at('subnet/subnet-1'), FROM_TEMPLATE],
  ['its security group', RUN, at('security-group/sg-1'), FROM_TEMPLATE],
  ['its tags', 'ec2:CreateTags', at('instance/*'), { 'ec2:CreateAction': 'RunInstances' }],
  ['its role', 'iam:PassRole', role('minitwit-scheduled-run'), OF_EC2],
];

test.each(SCHEDULED)(
  'a schedule may start an instance with %s',
  async (_, action, resource, context) => {
    expect(await decide({ action, resource, context }, policy('minitwit-scheduler'))).toBe(
      'allowed',
    );
  },
);

const UNSCHEDULED: Case[] = [
  ['another launch template', RUN, at('launch-template/lt-1'), { 'aws:ResourceTag/Name': 'shop' }],
  [
    'another image than that of the launch template',
    RUN,
    'arn:aws:ec2:eu-central-1::image/ami-1',
    { 'ec2:IsLaunchTemplateResource': 'false' },
  ],
  ['another role', 'iam:PassRole', role('admin'), OF_EC2],
  ['its role in another service', 'iam:PassRole', role('minitwit-scheduled-run'), {}],
];

test.each(UNSCHEDULED)('a schedule may not use %s', async (_, action, resource, context) => {
  expect(await decide({ action, resource, context }, policy('minitwit-scheduler'))).toBe('refused');
});

const arn = (service: string, resource: string) =>
  `arn:aws:${service}:eu-central-1:${ACCOUNT}:${resource}`;
const READER = arn('secretsmanager', 'secret:ReaderPassword-1A2B3C-AbCdEf');
const KEY_PAIR = at('key-pair/minitwit-scheduled-run-1a2b');
const TAGGED = { 'aws:RequestTag/minitwit:warehouse': 'minitwit' };

const REQUESTS: Case[] = [
  [
    'reads its stack',
    'cloudformation:DescribeStacks',
    arn('cloudformation', 'stack/minitwit/1a'),
    {},
  ],
  ['reads the password of the reader', 'secretsmanager:GetSecretValue', READER, OF_STACK],
  ['creates its key pair', 'ec2:ImportKeyPair', KEY_PAIR, TAGGED],
  ['tags it', 'ec2:CreateTags', KEY_PAIR, { ...TAGGED, 'ec2:CreateAction': 'ImportKeyPair' }],
  [
    'deletes it',
    'ec2:DeleteKeyPair',
    KEY_PAIR,
    { 'aws:ResourceTag/minitwit:warehouse': 'minitwit' },
  ],
  [
    'writes its log',
    'logs:PutLogEvents',
    arn('logs', 'log-group:minitwit-ServerLog-1A:log-stream:i-1'),
    {},
  ],
  ['reports its success', 'cloudwatch:PutMetricData', '*', { 'cloudwatch:namespace': 'MiniTwit' }],
  ['finds its subnet', 'ec2:DescribeSubnets', '*', {}],
  ['starts the server of the warehouse', RUN, at('instance/*'), TAGGED],
];

const ofRun = [...policy('minitwit-warehouse'), ...policy('minitwit-scheduled-run')];

test.each(REQUESTS)(
  'the policies allow that a scheduled run %s',
  async (_, action, resource, context) => {
    expect(await decide({ action, resource, context }, ofRun)).toBe('allowed');
  },
);

const REFUSED: Case[] = [
  [
    'reads another password',
    'secretsmanager:GetSecretValue',
    arn('secretsmanager', 'secret:DatabasePassword-1A2B3C-AbCdEf'),
    OF_STACK,
  ],
  [
    'reads the password of a reader of another application',
    'secretsmanager:GetSecretValue',
    READER,
    {},
  ],
  ['deletes another key pair', 'ec2:DeleteKeyPair', at('key-pair/minitwit'), {}],
  ['starts an instance with a role', 'iam:PassRole', role('minitwit-scheduled-run'), OF_EC2],
];

test.each(REFUSED)(
  'the policies refuse that a scheduled run %s',
  async (_, action, resource, context) => {
    expect(await decide({ action, resource, context }, ofRun)).toBe('refused');
  },
);

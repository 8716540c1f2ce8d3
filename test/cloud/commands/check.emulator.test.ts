import { expect, test } from 'vitest';
import { check } from '../../../src/cloud/commands/check.ts';
import type { AwsHandler } from '../../support/aws-stub.ts';
import { changesOf, createOperationsFixture } from '../operations/fixture.ts';
import { createCheckFixture, json, simulate, xml } from './check-fixture.ts';

/** Returns the state of each check, and its text. */
function readFindings(lines: string[]): Record<string, string> {
  return Object.fromEntries(
    lines.flatMap((line) => {
      const [, state, subject, text] = /^(ok|problem|unknown) +(\w+) +(.*)$/.exec(line) ?? [];
      return state && subject ? [[subject, `${state}: ${text}`]] : [];
    }),
  );
}

test('`cloud check` prints what AWS confirms, and the beliefs that no request verifies', async () => {
  const fixture = await createCheckFixture();
  await check(fixture.open(), { parameters: {} });
  const findings = readFindings(fixture.lines);
  expect(findings).toEqual({
    account: `ok: The credentials are those of arn:aws:iam::${fixture.account.id}:user/alice, and the region is us-east-1.`,
    permissions: 'ok: IAM allows every request of cloud/operator.yaml.',
    image: expect.stringMatching(/^ok: A t3\.small in us-east-1\w can build it on /),
    database: 'ok: This region offers MySQL 8.4.11 on db.t4g.micro with gp3 storage.',
    quotas: expect.stringMatching(/^ok: Processors that the account may run: 16 on spot /),
    template: 'ok: CloudFormation accepts it.',
    stack: 'ok: AWS has computed the changes without a problem.',
  });
  expect(fixture.lines).toContain('  Rolling replacement');
  // The change set of a new stack creates an empty stack.
  expect(new Set(changesOf(fixture.account))).toEqual(
    new Set(
      [
        'sts:GetCallerIdentity',
        'iam:SimulatePrincipalPolicy',
        'cloudformation:ValidateTemplate',
        'cloudformation:CreateChangeSet',
        'cloudformation:DeleteChangeSet',
        'cloudformation:DeleteStack',
      ].filter((action) => !/:(Get|Describe)/.test(action)),
    ),
  );
});

test.each<[string, string, AwsHandler, RegExp]>([
  [
    'a missing permission',
    'iam:SimulatePrincipalPolicy',
    simulate('ec2:CreateVolume'),
    /^permissions problem: IAM does not allow ec2:CreateVolume\. docs\/permissions\.md/,
  ],
  [
    'a low quota',
    'servicequotas:GetServiceQuota',
    json({ Quota: { Value: 1 } }),
    /^quotas problem: The quota of processors “All Standard Spot Instance Requests” is 1, and the stack needs \d+\. Request an increase/,
  ],
  [
    'a class that the region does not offer',
    'rds:DescribeOrderableDBInstanceOptions',
    xml('DescribeOrderableDBInstanceOptions', '<OrderableDBInstanceOptions/>'),
    /^database problem: This region does not offer MySQL 8\.4\.11 on db\.t4g\.micro with gp3 storage\. Set another DatabaseClass\./,
  ],
  [
    'a version that RDS has retired',
    'rds:DescribeDBEngineVersions',
    xml('DescribeDBEngineVersions', '<DBEngineVersions/>'),
    /^database problem: RDS does not offer MySQL 8\.4\S* in this region\. Set another DatabaseVersion\./,
  ],
])(
  '`cloud check` fails with %s, and continues with all other checks',
  async (_, action, handler, expected) => {
    const fixture = await createCheckFixture();
    fixture.account.stub(action, handler);
    await expect(check(fixture.open(), { parameters: {} })).rejects.toThrow(
      'A check has found a problem. Correct it, then run the command again.',
    );
    const failed = Object.entries(readFindings(fixture.lines)).filter(
      ([, finding]) => !finding.startsWith('ok: '),
    );
    expect(failed.map(([subject, finding]) => `${subject} ${finding}`)).toEqual([
      expect.stringMatching(expected),
    ]);
  },
);

test('`cloud check` does not fail when the operator may not ask, or has no image yet', async () => {
  const fixture = await createOperationsFixture();
  for (const action of [
    'iam:SimulatePrincipalPolicy',
    'servicequotas:GetServiceQuota',
    'rds:DescribeDBEngineVersions',
    'cloudformation:ValidateTemplate',
  ]) {
    fixture.account.fail(action, 'AccessDeniedException');
  }
  await check(fixture.open(), { parameters: {} });
  const findings = readFindings(fixture.lines);
  for (const subject of ['permissions', 'database', 'quotas', 'template', 'stack']) {
    expect(findings[subject], subject).toMatch(/^unknown: /);
  }
  expect(findings.stack).toBe(
    'unknown: There is no image yet. Run this again after npm run cloud -- image.',
  );
});

test('`cloud check` does not check the defaults in place of a stack that the operator may not read', async () => {
  const fixture = await createCheckFixture();
  fixture.account.fail('cloudformation:DescribeStacks', 'AccessDenied');
  await check(fixture.open(), { parameters: {} });
  const unknown = Object.entries(readFindings(fixture.lines)).filter(
    ([, finding]) => !finding.startsWith('ok: '),
  );
  expect(unknown).toEqual(
    ['database', 'quotas', 'stack'].map((subject) => [
      subject,
      expect.stringMatching(/^unknown: Cannot read the stack minitwit: .*AccessDenied/),
    ]),
  );
});

test('`cloud check` reports a stack of the same name that is not a stack of MiniTwit', async () => {
  const fixture = await createCheckFixture();
  fixture.account.stub(
    'cloudformation:DescribeStacks',
    xml(
      'DescribeStacks',
      '<Stacks><member><StackId>arn:stack</StackId><StackName>minitwit</StackName><StackStatus>CREATE_COMPLETE</StackStatus></member></Stacks>',
    ),
  );
  await expect(check(fixture.open(), { parameters: {} })).rejects.toThrow('3 checks have found');
  expect(readFindings(fixture.lines).stack).toMatch(
    /^problem: The stack minitwit is not a stack of MiniTwit/,
  );
});

test('`cloud check` does not wait for an operation on the stack', async () => {
  const fixture = await createCheckFixture();
  fixture.account.stub(
    'cloudformation:DescribeStacks',
    xml(
      'DescribeStacks',
      '<Stacks><member><StackId>arn:stack</StackId><StackName>minitwit</StackName><StackStatus>UPDATE_IN_PROGRESS</StackStatus>' +
        '<Tags><member><Key>minitwit:stack</Key><Value>minitwit</Value></member></Tags></member></Stacks>',
    ),
  );
  await check(fixture.open(), { parameters: {} });
  expect(readFindings(fixture.lines).stack).toBe(
    'unknown: The stack minitwit is UPDATE_IN_PROGRESS. Run this again when that has ended.',
  );
});

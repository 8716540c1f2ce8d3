import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { listRequests } from '../support/list-aws-requests.ts';
import { isKnown } from './permissions/iam-requests.ts';
import { listAttachedPolicies, listOperatorPolicies } from './permissions/operator-policies.ts';

const policies = listOperatorPolicies();
const attached = listAttachedPolicies();
const statements = attached.flatMap(({ document }) => document.Statement);
const allowed = statements.filter(({ Effect }) => Effect === 'Allow').flatMap((it) => it.Action);

const allowedInLowerCase = allowed.map((action) => action.toLowerCase());

// IAM's quotas. The length of a policy is that of its JSON without spaces.
const POLICY_MAX_LENGTH = 6144;
const POLICIES_OF_A_GROUP = 10;
// CloudFormation's quota.
const TEMPLATE_MAX_BYTES = 51_200;

// Actions whose name in policies differs from the SDK's.
const ACTIONS: Record<string, string> = {
  's3:DeleteObjects': 's3:DeleteObjectVersion',
  's3:ListBuckets': 's3:ListAllMyBuckets',
  's3:ListObjectVersions': 's3:ListBucketVersions',
};
const OF_THE_WAREHOUSE = /^ec2:(AttachVolume|CreateSnapshot|CreateVolume|DetachVolume)$/;
// AWS allows these to every caller.
const WITHOUT_PERMISSION = new Set(['sts:GetCallerIdentity']);

// Requests that `src/aws/account-plan.ts` signs itself.
const WITHOUT_CLIENT = ['freetier:GetAccountPlanState'];

const requestedActions = [...listRequests('aws', 'cloud'), ...WITHOUT_CLIENT].map(
  (request) => ACTIONS[request] ?? request,
);

function isAllowed(action: string, actions = allowed): boolean {
  return actions.some((each) =>
    each.endsWith('*') ? action.startsWith(each.slice(0, -1)) : action === each,
  );
}

test.each(policies)('$name fits into a managed policy', ({ text }) => {
  expect(text.replaceAll(/\s/g, '').length).toBeLessThan(POLICY_MAX_LENGTH);
});

test('an administrator can deploy the template of the operators without a bucket', () => {
  expect(readFileSync('cloud/operator.yaml').length).toBeLessThan(TEMPLATE_MAX_BYTES);
});

test('the operators have every policy except the boundary and those of deployments and of the warehouse', () => {
  const names = new Set(attached.map(({ name }) => name));
  const others = policies.map(({ name }) => name).filter((name) => !names.has(name));
  expect(others).toEqual([
    'minitwit-boundary',
    'minitwit-deployment',
    'minitwit-warehouse',
    'minitwit-scheduler',
    'minitwit-scheduled-run',
  ]);
  expect(attached.length).toBeLessThanOrEqual(POLICIES_OF_A_GROUP);
});

test('the policies allow all requests of the commands', () => {
  const ours = requestedActions.filter(
    (action) => !OF_THE_WAREHOUSE.test(action) && !WITHOUT_PERMISSION.has(action),
  );
  expect(new Set(ours).size).toBeGreaterThan(50);
  expect(ours.filter((action) => !isAllowed(action))).toEqual([]);
});

// Messages name these commands for an administrator of the account.
const OF_ADMINISTRATORS = [
  'ec2:createdefaultsubnet',
  'ec2:createdefaultvpc',
  'iam:detachuserpolicy',
];

test('the policies allow every command of AWS’s command line that a message names', () => {
  const text = globSync('src/cloud/**/*.ts').map((file) => readFileSync(file, 'utf8'));
  const named = Array.from(
    text.join('\n').matchAll(/\baws (\w+) ([a-z]+(-[a-z]+)+)/g),
    ([, service, command = '']) => `${service}:${command.replaceAll('-', '')}`,
  );
  expect(new Set(named).size).toBeGreaterThan(8);
  const refused = named.filter((action) => !isAllowed(action, allowedInLowerCase));
  expect([...new Set(refused)].toSorted()).toEqual(OF_ADMINISTRATORS);
});

test('the tests can simulate every request of the commands', () => {
  const ours = listRequests('aws', 'cloud');
  expect(ours.filter((request) => !isKnown(request))).toEqual([]);
});

test('the policies have wildcards only in actions that read, and none for a whole service', () => {
  const wide = allowed.filter((action) => action.endsWith('*'));
  expect(wide.length).toBeGreaterThan(5);
  expect(wide.filter((action) => !/^\w+:(Describe|Get|List)\w*\*$/.test(action))).toEqual([]);
});

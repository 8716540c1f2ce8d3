import { expect, test } from 'vitest';
import { listOperatorPolicies } from '../cloud/permissions/operator-policies.ts';
import { listRequests } from '../support/list-aws-requests.ts';

const policy = listOperatorPolicies().find(({ name }) => name === 'minitwit-warehouse');
const statements = policy?.document.Statement ?? [];
const allowed = new Set(statements.flatMap(({ Action }) => Action));

// The actions of requests whose names differ in policies.
const ACTIONS: Record<string, string> = {
  's3:HeadBucket': 's3:ListBucket',
  's3:ListObjectsV2': 's3:ListBucket',
  's3:CreateMultipartUpload': 's3:PutObject',
  's3:DeleteObjects': 's3:DeleteObject',
};

// Only `npm run cloud` sends this request of `src/aws/ec2/`.
const OF_THE_STACK = 'ec2:DescribeRouteTables';

// Athena sends these requests with the permissions of the operator.
const OF_ATHENA = [
  'glue:GetDatabase',
  'glue:GetTable',
  'glue:GetTables',
  's3:GetBucketLocation',
  's3:ListMultipartUploadParts',
];

// `userdata/scheduled-run.sh` sends these requests.
const OF_SCHEDULED_RUNS = ['ec2:DeleteKeyPair', 'ec2:ImportKeyPair'];

/** The actions that the warehouse requests. */
const requested = new Set(
  listRequests('warehouse', 'aws/ec2')
    .filter((request) => request !== OF_THE_STACK)
    .map((request) => ACTIONS[request] ?? request),
);

test('the policy of the warehouse’s operator allows exactly the actions that the warehouse requests', () => {
  expect(requested.size).toBeGreaterThan(20);
  expect(Array.from(allowed).toSorted()).toEqual(
    [...requested, ...OF_ATHENA, ...OF_SCHEDULED_RUNS].toSorted(),
  );
});

test('only describe actions, launches from an image, and actions on the bucket and in Athena need no tag', () => {
  const unbound = statements.filter(({ Condition }) => Condition === undefined);
  expect(unbound.map(({ Sid }) => Sid)).toEqual([
    'Describe',
    'RunFromAnyImage',
    'UseBucket',
    'DeleteFiles',
    'QueryInWorkgroups',
    'ReadCatalog',
  ]);
  const [describe, launch] = unbound;
  expect(describe?.Action.filter((action) => !action.startsWith('ec2:Describe'))).toEqual([]);
  expect(launch?.Action).toEqual(['ec2:RunInstances']);
  expect(launch?.Resource.filter((arn) => /:(instance|volume)\//.test(arn))).toEqual([]);
});

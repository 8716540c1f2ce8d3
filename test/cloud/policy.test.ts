import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { listRequests } from '../support/list-aws-requests.ts';

const texts = z.union([z.string().transform((text) => [text]), z.array(z.string())]);
const policySchema = z.object({
  Statement: z.array(z.object({ Sid: z.string(), Action: texts, Resource: texts })),
});

const [, json = ''] =
  /^```json\n([^]*?)^```/m.exec(readFileSync('docs/going-live.md', 'utf8')) ?? [];
const { Statement: statements } = policySchema.parse(JSON.parse(json));
const allowed = statements.flatMap(({ Action }) => Action);

// Actions whose name in policies differs from the SDK's.
const ACTIONS: Record<string, string> = {
  's3:DeleteObjects': 's3:DeleteObjectVersion',
  's3:ListBuckets': 's3:ListAllMyBuckets',
  's3:ListObjectVersions': 's3:ListBucketVersions',
};
const OF_THE_WAREHOUSE = /AttachVolume|CreateSnapshot|DetachVolume|GetConsoleOutput/;

const requestedActions = listRequests('aws', 'cloud').map((request) => ACTIONS[request] ?? request);

function isAllowed(action: string): boolean {
  return allowed.some((each) =>
    each.endsWith('*') ? action.startsWith(each.slice(0, -1)) : action === each,
  );
}

test('the policy in the documentation allows all requests of the commands', () => {
  const ours = requestedActions.filter(
    (action) => !(action.startsWith('ec2:') && OF_THE_WAREHOUSE.test(action)),
  );
  expect(new Set(ours).size).toBeGreaterThan(50);
  expect(ours.filter((action) => !isAllowed(action))).toEqual([]);
});

test('the policy allows CloudFormation to change the rules of security groups', () => {
  for (const action of ['AuthorizeSecurityGroup', 'RevokeSecurityGroup']) {
    expect(allowed).toContain(`ec2:${action}Ingress`);
    expect(allowed).toContain(`ec2:${action}Egress`);
  }
});

test('the policy has wildcards only for actions that read, and none for a whole service', () => {
  const whole = statements.filter(({ Action }) => Action.some((each) => each.endsWith('*')));
  expect(whole.map(({ Sid }) => Sid)).toEqual(['Describe']);
  expect(allowed.filter((each) => /^\*|:\*$/.test(each))).toEqual([]);
});

test('the policy limits roles, buckets, databases and alarms to names', () => {
  const named = new Set([
    'ManageRoles',
    'ManageBuckets',
    'ManageDatabase',
    'ManageAlarms',
    'ManageStack',
  ]);
  const loose = statements.filter(({ Sid, Resource }) => named.has(Sid) && Resource.includes('*'));
  expect(loose).toEqual([]);
});

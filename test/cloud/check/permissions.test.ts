import type { SimulatePrincipalPolicyCommandInput } from '@aws-sdk/client-iam';
import { expect, test } from 'vitest';
import { listOperatorStatements } from '../../../src/cloud/check/operator-statements.ts';
import { simulationRequest } from '../../../src/cloud/check/permissions.ts';
import { ACCOUNT, listAttachedPolicies, ZONE } from '../permissions/operator-policies.ts';
import { decide } from '../permissions/simulate.ts';

const statements = await listOperatorStatements({ partition: 'aws', account: ACCOUNT });

test('the check reads the statements of the operators as CloudFormation does', () => {
  const resolved = listAttachedPolicies()
    .flatMap(({ document }) => document.Statement)
    .filter(({ Effect }) => Effect === 'Allow')
    .filter(({ Resource }) => !Resource.some((arn) => arn.includes('${') || arn.endsWith(ZONE)))
    .map((statement) => ({ Condition: {}, ...statement }));
  expect(statements.length).toBeGreaterThan(20);
  expect(statements).toEqual(resolved);
});

/** Returns what IAM decides about each action and resource of a simulated request: `ec2:RunInstances allowed`. */
async function simulate({
  ActionNames = [],
  ResourceArns = [],
  ContextEntries = [],
}: SimulatePrincipalPolicyCommandInput): Promise<string[]> {
  const context = Object.fromEntries(
    ContextEntries.map(({ ContextKeyName = '', ContextKeyValues = [] }) => [
      ContextKeyName,
      ContextKeyValues[0] ?? '',
    ]),
  );
  const requests = ActionNames.flatMap((action) =>
    ResourceArns.map((resource) => ({ action, resource, context })),
  );
  const decisions = requests.map(async (request) => `${request.action} ${await decide(request)}`);
  return Promise.all(decisions);
}

test('the policies of the operators allow every request that the check simulates', async () => {
  const place = { region: 'us-east-1', account: ACCOUNT };
  const requests = statements.map((statement) =>
    simulationRequest(statement, `arn:aws:iam::${ACCOUNT}:user/ada`, place),
  );
  const decisions = new Set((await Promise.all(requests.map(simulate))).flat());
  expect([...decisions].filter((each) => each.endsWith(' refused'))).toEqual([]);
  // A statement has resources of several types, and most actions apply to one of them.
  const allowed = [...decisions].filter((each) => each.endsWith(' allowed'));
  const actions = new Set(statements.flatMap(({ Action }) => Action));
  expect(allowed.length / actions.size).toBeGreaterThan(0.9);
});

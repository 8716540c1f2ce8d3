import {
  type ContextEntry,
  GetRoleCommand,
  paginateSimulatePrincipalPolicy,
  type SimulatePrincipalPolicyCommandInput,
} from '@aws-sdk/client-iam';
import { z } from 'zod';
import { withAwsError } from '../../aws/errors.ts';
import { listItems } from '../../aws/pages.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { readCaller } from '../caller.ts';
import type { CloudContext } from '../context.ts';
import { readRegion } from '../region.ts';
import type { Check } from './check.ts';
import { listOperatorStatements, type Statement } from './operator-statements.ts';

/**
 * Whether the operator has every permission of the operators' group in cloud/operator.yaml. IAM simulates requests, and
 * considers the operator's policies, the permissions boundary, and the policies of the organization.
 */
export const permissions: Check = {
  subject: 'permissions',
  run: async (cloud) => {
    const caller = await readCaller(cloud.clients);
    if (caller.arn.endsWith(':root')) {
      return 'The root user has all permissions. AWS advises to use another user.';
    }
    const principal = await findPolicySource(cloud, caller.arn);
    const place = { ...caller, region: await readRegion(cloud.clients) };
    const denied: string[] = [];
    for (const statement of await listOperatorStatements(caller)) {
      cloud.signal.throwIfAborted();
      denied.push(...(await listDenied(cloud, simulationRequest(statement, principal, place))));
    }
    if (denied.length === 0) return 'IAM allows every request of cloud/operator.yaml.';
    throw new OperatorError(
      `IAM does not allow ${[...new Set(denied)].toSorted().join(', ')}. docs/permissions.md has the policies.`,
    );
  },
};

/** Returns the ARN of the user or role whose policies apply to an identity. */
async function findPolicySource({ clients }: CloudContext, arn: string): Promise<string> {
  // The ARN of a session lacks the path of its role.
  const [, roleName] = /:assumed-role\/([^/]+)\//.exec(arn) ?? [];
  if (roleName === undefined) return arn;
  const request = clients.iam.send(new GetRoleCommand({ RoleName: roleName }));
  const response = await withAwsError(`Cannot read the role ${roleName}`, request);
  return z.string().parse(response.Role?.Arn);
}

/**
 * Returns the simulation of all actions of a statement, on one resource for each of its patterns, in the context that
 * its conditions require.
 */
export function simulationRequest(
  { Action, Resource, Condition }: Statement,
  principal: string,
  place: { region: string; account: string },
): SimulatePrincipalPolicyCommandInput {
  return {
    PolicySourceArn: principal,
    // A pattern such as `ec2:Describe*` is no action.
    ActionNames: Action.filter((action) => !action.includes('*')),
    ResourceArns: Resource.map((pattern) => toExample(pattern, place)),
    ContextEntries: Object.entries(Condition).flatMap(([operator, values]) =>
      Object.entries(values).map(([key, patterns]) => toContext(operator, key, patterns)),
    ),
  };
}

/** Returns an ARN that a pattern matches: `arn:aws:rds:*:*:db:minitwit*` becomes `arn:aws:rds:us-east-1:123:db:minitwit-1`. */
function toExample(pattern: string, { region, account }: { region: string; account: string }) {
  if (pattern === '*') return pattern;
  const [arn, partition, service, ofRegion, ofAccount, ...rest] = pattern.split(':');
  const fields = [
    arn,
    partition,
    service,
    ofRegion === '*' ? region : ofRegion,
    ofAccount === '*' ? account : ofAccount,
    ...rest,
  ];
  return fillIn(fields.join(':'));
}

function fillIn(pattern: string): string {
  return pattern.replaceAll('*', '-1');
}

function toContext(operator: string, key: string, patterns: string[]): ContextEntry {
  // `Null: { key: 'false' }` requires any value.
  const values = operator === 'Null' ? ['minitwit'] : patterns.map(fillIn);
  return {
    ContextKeyName: key,
    ContextKeyType: operator === 'Bool' ? 'boolean' : 'string',
    ContextKeyValues: values.slice(0, 1),
  };
}

const resultSchema = z.object({ EvalActionName: z.string(), EvalDecision: z.string() });

async function listDenied(
  { clients }: CloudContext,
  input: SimulatePrincipalPolicyCommandInput,
): Promise<string[]> {
  if (input.ActionNames?.length === 0) return [];
  const results = await listItems(
    'Cannot simulate the permissions',
    paginateSimulatePrincipalPolicy({ client: clients.iam }, input),
    ({ EvaluationResults }) => EvaluationResults,
    resultSchema,
  );
  return results
    .filter(({ EvalDecision }) => EvalDecision !== 'allowed')
    .map(({ EvalActionName }) => EvalActionName);
}

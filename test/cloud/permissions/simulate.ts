import { runSimulation, runUnsafeSimulation, type Simulation } from '@cloud-copilot/iam-simulate';
import { ACCOUNT, listAttachedPolicies, type Policy } from './operator-policies.ts';

/** A request to AWS as IAM sees it. */
export interface IamRequest {
  /** IAM's name of the action: `ec2:DeleteVolume`. */
  action: string;
  /** An ARN, or `*` for an action without resources. */
  resource: string;
  /** The values of condition keys. IAM ignores keys that the action does not have. */
  context?: Record<string, string>;
}

const OPERATOR_POLICIES = listAttachedPolicies();
const OPERATOR = `arn:aws:iam::${ACCOUNT}:user/alice`;
// AWS's key of a service: every user of the service may use it, as far as the user's policies allow it.
const KEY_POLICY = {
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` },
      Action: 'kms:*',
      Resource: '*',
    },
  ],
};

// The simulator has only the classic load balancers among the resources of these actions, so it cannot check them.
const UNKNOWN_RESOURCES = /^elasticloadbalancing:(Add|Remove)Tags$/;

/** The result of a simulation. A request is impossible if IAM knows no such action of such a resource. */
export type Decision = 'allowed' | 'refused' | 'impossible';

/**
 * Returns what IAM decides about a request.
 * @param policies by default, those of the group of operators
 */
export async function decide(
  { action, resource, context = {} }: IamRequest,
  policies: Policy[] = OPERATOR_POLICIES,
): Promise<Decision> {
  const simulation: Simulation = {
    identityPolicies: policies.map(({ name, document }) => ({ name, policy: document })),
    serviceControlPolicies: [],
    resourceControlPolicies: [],
    request: {
      action,
      principal: OPERATOR,
      resource: { resource, accountId: ACCOUNT },
      contextVariables: { 'aws:username': 'alice', 'aws:userid': 'AIDAALICE', ...context },
    },
    ...(action.startsWith('kms:') && { resourcePolicy: KEY_POLICY }),
  };
  if (UNKNOWN_RESOURCES.test(action)) {
    return runUnsafeSimulation(simulation, {}) === 'Allowed' ? 'allowed' : 'refused';
  }
  const result = await runSimulation(simulation, {});
  if (result.resultType === 'error') return 'impossible';
  return result.overallResult === 'Allowed' ? 'allowed' : 'refused';
}

/** Formats a request for an assertion: `ec2:DeleteVolume arn:… {}`. */
export function formatIamRequest({ action, resource, context = {} }: IamRequest): string {
  return `${action} ${resource} ${JSON.stringify(context)}`;
}

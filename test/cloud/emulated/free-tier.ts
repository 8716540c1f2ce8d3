import type { AwsStub } from '../../support/aws-stub.ts';
import type { RequestedStack } from './moto-template.ts';
import type { Fault } from './resources.ts';

/** The plan of an account. Accounts that were opened before July 2025 have none. */
export type AccountPlan = 'FREE' | 'PAID' | 'none';

/** RDS's reason when it refuses a retention period on the free plan. */
export const RETENTION_TOO_LONG =
  'The specified backup retention period exceeds the maximum available to free tier customers. To remove all ' +
  'limitations, upgrade your account plan. (Service: Rds, Status Code: 400, Request ID: 0a1b2c3d)';

const MISSING = {
  __type: 'com.amazonaws.freetier#ResourceNotFoundException',
  message: 'Account plan not found.',
};

/** Answers requests for the plan of the account. */
export function emulateFreeTier(account: AwsStub, findPlan: () => AccountPlan): void {
  account.stub('freetier:GetAccountPlanState', () => {
    const accountPlanType = findPlan();
    const headers = { 'content-type': 'application/x-amz-json-1.0' };
    if (accountPlanType === 'none') return { status: 400, headers, body: JSON.stringify(MISSING) };
    const plan = { accountId: '123456789012', accountPlanType, accountPlanStatus: 'ACTIVE' };
    return { status: 200, headers, body: JSON.stringify(plan) };
  });
}

// AWS lists these with the filter free-tier-eligible=true.
const ELIGIBLE_TYPES = new Set([
  't3.micro',
  't3.small',
  't4g.micro',
  't4g.small',
  'c7i-flex.large',
  'm7i-flex.large',
]);
const TYPE_NOT_ELIGIBLE =
  'InvalidParameterCombination - The specified instance type is not eligible for Free Tier. For a list of Free Tier ' +
  "instance types, run 'describe-instance-types' with the filter 'free-tier-eligible=true'.";

/** Returns the refusal of a database or of instances on the free plan. */
export function findFreePlanFault({ resources, values }: RequestedStack): Fault | undefined {
  const { Database } = resources;
  if (Number(Database?.Properties.BackupRetentionPeriod) > 1) {
    return { resource: 'Database', reason: RETENTION_TOO_LONG };
  }
  const types = String(values.InstanceTypes).split(',');
  if (types.every((type) => ELIGIBLE_TYPES.has(type))) return undefined;
  return { resource: 'Instances', reason: TYPE_NOT_ELIGIBLE };
}

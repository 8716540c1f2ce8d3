import { expect, test } from 'vitest';
import { explainReason, hintFor } from '../../../src/cloud/stack/hints.ts';
import type { StackEvent } from '../../../src/cloud/stack/events.ts';
import { explainFailure, explainStatus } from '../../../src/cloud/stack/failure.ts';

function event(resource: string, status: string, reason: string | null = null): StackEvent {
  const isOfStack = resource === 'minitwit';
  return {
    id: `${resource}-${status}`,
    at: new Date(),
    resource,
    type: 'T',
    status,
    reason,
    isOfStack,
  };
}

const CONTEXT = { stackName: 'blog' };

// Reasons in the words of AWS.
test.each([
  [
    'You have requested more vCPU capacity than your current vCPU limit of 1 allows (Service: Ec2, VcpuLimitExceeded)',
    'Running On-Demand Standard instances',
  ],
  [
    'Group did not stabilize. {current/minSize/desiredCapacity} group size = {0/2/2}. Failed Scaling Activity: Max spot instance count exceeded. Launching EC2 instance failed. (MaxSpotInstanceCountExceeded)',
    '--set Market=on-demand',
  ],
  [
    'Group did not stabilize. Failed Scaling Activity: Could not launch Spot Instances. UnfulfillableCapacity - Unable to fulfill capacity due to your request configuration.',
    'AWS has no such instances available',
  ],
  [
    'The provided credentials do not have permission to create the service-linked role for EC2 Spot Instances.',
    'aws iam create-service-linked-role --aws-service-name spot.amazonaws.com',
  ],
  [
    'The specified backup retention period exceeds the maximum available to free tier customers. To remove all limitations, upgrade your account plan. (Service: Rds, Status Code: 400, Request ID: 1)',
    '--set BackupDays=1',
  ],
  [
    "This instance size isn't available with free plan accounts. To remove all limitations, upgrade your account plan. (Service: Rds, Status Code: 400, Request ID: 1)",
    '--set DatabaseClass=db.t4g.micro',
  ],
  [
    'The maximum number of instances available with free plan accounts is 2. (Service: Rds, Status Code: 400, Request ID: 1)',
    'Upgrade the account',
  ],
  [
    "The specified instance type is not eligible for Free Tier. For a list of Free Tier instance types, run 'describe-instance-types' with the filter 'free-tier-eligible=true'. (Service: Ec2, Status Code: 400, Request ID: 1)",
    '--set InstanceTypes=TYPE',
  ],
  [
    'Cannot upgrade mysql from 8.4.12 to 8.4.11 (Service: Rds, Status Code: 400, Request ID: 1)',
    'updated the database to 8.4.12: add --set DatabaseVersion=8.4',
  ],
  [
    'Cannot create a db.t4g.micro database instance because there are no availability zones with sufficient capacity (InsufficientDBInstanceCapacity)',
    '--set DatabaseClass=db.t3.micro',
  ],
  [
    'User: arn:aws:iam::1:user/eve is not authorized to perform: elasticloadbalancing:CreateLoadBalancer on resource: x',
    'You need the permission elasticloadbalancing:CreateLoadBalancer',
  ],
  ['minitwit-errors already exists in stack arn:aws:…', '--stack NAME'],
  ['Certificate ARN arn:aws:acm:… is not valid (CertificateNotFound)', 'AWS Certificate Manager'],
  [
    'The architecture x86_64 of the specified instance type does not match the architecture arm64 of the specified AMI.',
    'npm run cloud -- image --instance-type TYPE to create',
  ],
  [
    'An active instance refresh with a desired configuration exists. All configuration options are not available.',
    'npm run cloud -- roll --stack blog',
  ],
  ['Cannot create more than 40 instances. (InstanceQuotaExceeded)', 'Service Quotas'],
])('hintFor returns a hint for the reason “%s”', (reason, hint) => {
  expect(hintFor(reason, CONTEXT)).toContain(hint);
});

test('hintFor returns null for an unknown reason', () => {
  expect(hintFor('Internal Failure', CONTEXT)).toBeNull();
});

test('explainFailure reports the first failure, and not the resources that AWS cancelled because of it', () => {
  const error = explainFailure(CONTEXT, 'ROLLBACK_COMPLETE', [
    event('minitwit', 'CREATE_IN_PROGRESS'),
    event('Database', 'CREATE_FAILED', 'Resource creation cancelled'),
    event('Balancer', 'CREATE_FAILED', 'A load balancer\ncannot be attached to one subnet.'),
    event('Targets', 'CREATE_FAILED', 'Something later'),
    event('minitwit', 'ROLLBACK_IN_PROGRESS', 'The following resource(s) failed to create'),
  ]);
  expect(error.message).toBe(
    'Balancer (T) failed: A load balancer cannot be attached to one subnet. The stack blog is ROLLBACK_COMPLETE. ' +
      'The resources that were created are removed. AWS may retain automated backups of the database, which `down` lists with their cost. Run npm run cloud -- down --stack blog first.',
  );
});

test('explainReason omits the encoded part of a refusal, which only an administrator can decode', () => {
  const reason =
    'You are not authorized to perform this operation. User: eve is not authorized to perform: ec2:CreateVolume on resource: x. ' +
    'Encoded authorization failure message: Kx8-_a1 (Service: Ec2, Status Code: 403, Request ID: 1)';
  expect(explainReason(reason, CONTEXT)).toMatch(
    /^You are not authorized .* on resource: x\. \(Service: Ec2, Status Code: 403, Request ID: 1\)\. You need the permission ec2:CreateVolume\./,
  );
});

test('explainFailure reports the resources that the rollback could not remove, and why', () => {
  const refusal =
    'Cannot create a snapshot because the database instance blog-database-1 is not currently in the available state. (Service: Rds, Status Code: 400, Request ID: 1)';
  const { message } = explainFailure(CONTEXT, 'ROLLBACK_FAILED', [
    event('blog', 'CREATE_IN_PROGRESS'),
    event('Database', 'CREATE_FAILED', 'Resource creation cancelled'),
    event('Balancer', 'CREATE_FAILED', 'There is no room.'),
    event('Database', 'DELETE_FAILED', refusal),
  ]);
  expect(message).toBe(
    'Balancer (T) failed: There is no room. ' +
      `Database (T) could not be removed, and may cost: ${refusal}. CloudFormation takes a final snapshot of the database, ` +
      'and RDS allows that only when the database is available. Run npm run cloud -- status --stack blog until it is, ' +
      'then npm run cloud -- down --stack blog. ' +
      'The stack blog is ROLLBACK_FAILED. Some resources could not be removed. Run npm run cloud -- down --stack blog first.',
  );
});

test.each([
  ['UPDATE_ROLLBACK_COMPLETE', 'AWS rolled back'],
  ['UPDATE_ROLLBACK_FAILED', 'aws cloudformation continue-update-rollback --stack-name blog'],
  ['UPDATE_FAILED', 'aws cloudformation rollback-stack --stack-name blog'],
  ['DELETE_FAILED', 'npm run cloud -- down --stack blog'],
  ['ROLLBACK_FAILED', 'npm run cloud -- down --stack blog'],
])('explainFailure explains the status %s', (status, explanation) => {
  const { message } = explainFailure(CONTEXT, status, []);
  expect(message).toBe(`The stack blog is ${status}. ${explainStatus(status, CONTEXT)}`);
  expect(message).toContain(explanation);
});

test('explainFailure reports an unknown status without an explanation', () => {
  expect(explainFailure(CONTEXT, 'SOMETHING_NEW', []).message).toBe(
    'The stack blog is SOMETHING_NEW.',
  );
});

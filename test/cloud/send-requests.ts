import { findBoundary } from '../../src/cloud/boundary.ts';
import { databaseOffer } from '../../src/cloud/check/database-offer.ts';
import { permissions } from '../../src/cloud/check/permissions.ts';
import { quotas } from '../../src/cloud/check/quotas.ts';
import type { CloudContext } from '../../src/cloud/context.ts';
import { type BuildContext, createBuildContext } from '../../src/cloud/image/build.ts';
import { listOldImages } from '../../src/cloud/image/prune.ts';
import { role } from '../../src/cloud/image/role-step.ts';
import { source } from '../../src/cloud/image/source-step.ts';
import { listOrphanedLoadBalancers } from '../../src/cloud/teardown/load-balancers.ts';
import { deleteBucket } from '../../src/aws/s3/buckets.ts';
import { listStackBuckets } from '../../src/cloud/teardown/stack-buckets.ts';
import { listRetainedAutomatedBackups } from '../../src/cloud/teardown/automated-backups.ts';
import { listRetainedDatabaseSnapshots } from '../../src/cloud/teardown/database-snapshots.ts';
import { listOrphans } from '../../src/cloud/teardown/orphans.ts';
import { readLogEvents } from '../../src/cloud/logs/log-events.ts';
import { runCommand } from '../../src/cloud/instances/run-command.ts';
import { listProtectionsOfLoadBalancers } from '../../src/cloud/protection/load-balancers.ts';
import { protectStack } from '../../src/cloud/protection/protections.ts';
import { changeStack } from '../../src/cloud/stack/change-stack.ts';
import { removeStack } from '../../src/cloud/stack/remove-stack.ts';
import { findStackById } from '../../src/cloud/stack/stack.ts';
import type { AwsStub } from '../support/aws-stub.ts';

/** Sends a request after the requests that it needs. */
export type SendRequest = (cloud: CloudContext, aws: AwsStub) => Promise<unknown>;

const json = (answer: object) => () => ({ status: 200, body: JSON.stringify(answer) });
const xml = (body: string) => () => ({
  status: 200,
  headers: { 'content-type': 'text/xml' },
  body,
});
const result = (name: string, body: string) =>
  xml(`<${name}Response><${name}Result>${body}</${name}Result></${name}Response>`);

/** Returns parameters of a stack, for a check. */
export const readDefaults = async () => ({
  DatabaseClass: 'db.t4g.micro',
  InstanceCount: '2',
  Market: 'spot',
});

/** Simulates the permissions of a caller. */
const simulatePermissionsOf =
  (arn: string): SendRequest =>
  (cloud, aws) => {
    const caller = `<Account>123456789012</Account><Arn>${arn}</Arn>`;
    aws.stub('sts:GetCallerIdentity', result('GetCallerIdentity', caller));
    return permissions.run(cloud, readDefaults);
  };
export const simulateUser = simulatePermissionsOf('arn:aws:iam::123456789012:user/ada');
export const simulateRole = simulatePermissionsOf(
  'arn:aws:sts::123456789012:assumed-role/operator/ada',
);

/** Checks whether RDS offers the database, in a region that has its version. */
export const checkDatabaseOffer: SendRequest = (cloud, aws) => {
  const version = '<DBEngineVersion><EngineVersion>8.4.11</EngineVersion></DBEngineVersion>';
  aws.stub(
    'rds:DescribeDBEngineVersions',
    result('DescribeDBEngineVersions', `<DBEngineVersions>${version}</DBEngineVersions>`),
  );
  return databaseOffer.run(cloud, readDefaults);
};

/** Checks the quotas of an account that may run many instances. */
export const checkQuotas: SendRequest = (cloud, aws) => {
  const type =
    '<item><instanceType>t3.micro</instanceType><memoryInfo><sizeInMiB>1024</sizeInMiB></memoryInfo>' +
    '<processorInfo><supportedArchitectures><item>x86_64</item></supportedArchitectures></processorInfo>' +
    '<vCpuInfo><defaultVCpus>2</defaultVCpus></vCpuInfo></item>';
  aws.stub(
    'ec2:DescribeInstanceTypes',
    xml(
      `<DescribeInstanceTypesResponse><instanceTypeSet>${type}</instanceTypeSet></DescribeInstanceTypesResponse>`,
    ),
  );
  aws.stub('servicequotas:GetServiceQuota', json({ Quota: { Value: 100 } }));
  return quotas.run(cloud, readDefaults);
};

/** A build with the part of a plan that the requests to IAM and S3 need. */
function buildOf(cloud: CloudContext): BuildContext {
  const plan = { runId: '20261123T001500Z-3f9a', source: { archive: Buffer.from('x') } };
  return createBuildContext(cloud, plan as BuildContext['plan']);
}

export const createRole: SendRequest = async (cloud) => role.run?.(buildOf(cloud));
export const removeRole: SendRequest = async (cloud) => role.undo?.(buildOf(cloud));
export const uploadSource: SendRequest = async (cloud) => source.run?.(buildOf(cloud));
export const removeSource: SendRequest = async (cloud) => source.undo?.(buildOf(cloud));

/** Runs a script on an instance whose agent is online. */
export const runScript: SendRequest = async (cloud, aws) => {
  const online = { InstanceInformationList: [{ PingStatus: 'Online' }] };
  aws.stub('ssm:DescribeInstanceInformation', json(online));
  aws.stub('ssm:SendCommand', json({ Command: { CommandId: 'command-1' } }));
  return runCommand(cloud, 'i-1', { comment: 'Hello', script: 'echo hello', maxMs: 1000 });
};

/** Runs a script whose response is lost. */
export const runScriptWithLostResponse: SendRequest = async (cloud, aws) => {
  aws.loseResponse('ssm:SendCommand', { times: Infinity });
  return runScript(cloud, aws);
};

/** Reads the events of a log group. */
export const readLog: SendRequest = ({ clients }) =>
  readLogEvents(clients.cloudWatchLogs, {
    logGroup: 'log',
    since: new Date(),
    text: null,
  }).next();

/** Lists the orphaned resources of a stack that had a resource of this type. */
export const listOrphansOf =
  (type: string): SendRequest =>
  (cloud) =>
    listOrphans(cloud, [{ name: 'It', type, id: 'it', status: '', reason: null }]);

/** Finds the permissions boundary of an account. */
export const findPermissionsBoundary: SendRequest = async ({ clients }, aws) => {
  const caller = '<Account>123456789012</Account><Arn>arn:aws:iam::123456789012:user/alice</Arn>';
  aws.stub('sts:GetCallerIdentity', result('GetCallerIdentity', caller));
  return findBoundary(clients);
};

const NAMED = '<StackId>arn:stack</StackId><StackName>minitwit</StackName>';

function stubStack(aws: AwsStub, status: string): void {
  const stack = `${NAMED}<CreationTime>2026-11-23T00:00:00Z</CreationTime><StackStatus>${status}</StackStatus>`;
  const stacks = `<Stacks><member>${stack}</member></Stacks>`;
  aws.stub('cloudformation:DescribeStacks', result('DescribeStacks', stacks));
}

/** Creates the change set of a new stack, and deletes it with the stack, which has no resource. */
export const createAndDeleteStack: SendRequest = async (cloud, aws) => {
  const done = '<Status>CREATE_COMPLETE</Status>';
  aws.stub('cloudformation:CreateChangeSet', result('CreateChangeSet', NAMED));
  aws.stub('cloudformation:DescribeChangeSet', result('DescribeChangeSet', done));
  stubStack(aws, 'REVIEW_IN_PROGRESS');
  return changeStack(cloud, null, { template: '', parameters: [], dryRun: true });
};

/** Deletes a stack with all resources. */
export const deleteStackWithResources: SendRequest = async (cloud, aws) => {
  stubStack(aws, 'CREATE_FAILED');
  const stack = await findStackById(cloud, 'minitwit');
  return stack && removeStack(cloud, stack);
};

/** Enables the protections of a stack without resources. */
export const protect: SendRequest = async (cloud, aws) => {
  stubStack(aws, 'CREATE_COMPLETE');
  aws.stub('cloudformation:ListStackResources', result('ListStackResources', ''));
  const stack = await findStackById(cloud, 'minitwit');
  return stack && protectStack(cloud, stack);
};

/** Enables the protections of a load balancer. */
export const protectBalancer: SendRequest = async (cloud, aws) => {
  aws.stub(
    'elasticloadbalancing:DescribeLoadBalancerAttributes',
    result('DescribeLoadBalancerAttributes', ''),
  );
  const type = 'AWS::ElasticLoadBalancingV2::LoadBalancer';
  const resource = { name: 'Balancer', type, id: 'arn/app/balancer/1', status: '', reason: null };
  const [protection] = await listProtectionsOfLoadBalancers(cloud, [resource]);
  return protection?.set(true);
};

/** Deletes a snapshot of a database. */
export const removeDatabaseSnapshot: SendRequest = async (cloud, aws) => {
  const snapshot =
    '<DBSnapshotIdentifier>s</DBSnapshotIdentifier><Status>available</Status><AllocatedStorage>20</AllocatedStorage>' +
    '<DBInstanceIdentifier>d</DBInstanceIdentifier><Engine>mysql</Engine>' +
    '<TagList><Tag><Key>minitwit:stack</Key><Value>minitwit</Value></Tag></TagList>';
  const snapshots = `<DBSnapshots><DBSnapshot>${snapshot}</DBSnapshot></DBSnapshots>`;
  aws.stub('rds:DescribeDBSnapshots', result('DescribeDBSnapshots', snapshots));
  return (await listRetainedDatabaseSnapshots(cloud))[0]?.remove();
};

/** Deletes the automated backups of a deleted database. */
export const removeAutomatedBackup: SendRequest = async (cloud, aws) => {
  const backup =
    '<DbiResourceId>db-A</DbiResourceId><DBInstanceIdentifier>minitwit-database-a</DBInstanceIdentifier>' +
    '<Status>retained</Status><AllocatedStorage>20</AllocatedStorage>';
  const backups = `<DBInstanceAutomatedBackups><DBInstanceAutomatedBackup>${backup}</DBInstanceAutomatedBackup></DBInstanceAutomatedBackups>`;
  aws.stub(
    'rds:DescribeDBInstanceAutomatedBackups',
    result('DescribeDBInstanceAutomatedBackups', backups),
  );
  aws.stub('rds:DescribeDBInstances', result('DescribeDBInstances', ''));
  return (await listRetainedAutomatedBackups(cloud))[0]?.remove();
};

/** Checks whether old images are in use. */
export const listImageUses: SendRequest = ({ clients }, aws) => {
  const images = Array.from(
    { length: 6 },
    (_, n) =>
      `<item><imageId>ami-${n}</imageId><imageState>available</imageState><architecture>x86_64</architecture></item>`,
  );
  const body = `<DescribeImagesResponse><imagesSet>${images.join('')}</imagesSet></DescribeImagesResponse>`;
  aws.stub('ec2:DescribeImages', xml(body));
  return listOldImages(clients);
};

/** Reads the stack of a load balancer. */
export const readBalancerOwner: SendRequest = (cloud, aws) => {
  const one = '<member><LoadBalancerArn>arn:balancer</LoadBalancerArn></member>';
  aws.stub(
    'elasticloadbalancing:DescribeLoadBalancers',
    result('DescribeLoadBalancers', `<LoadBalancers>${one}</LoadBalancers>`),
  );
  return listOrphanedLoadBalancers(cloud);
};

/** Lists the buckets of a stack. */
export const listBuckets: SendRequest = ({ clients }, aws) => {
  const one = '<Buckets><Bucket><Name>minitwit-1</Name></Bucket></Buckets>';
  aws.stub('s3:GET', xml(`<ListAllMyBucketsResult>${one}</ListAllMyBucketsResult>`));
  return listStackBuckets(clients.s3, 'minitwit');
};

/** Deletes a bucket with an object. */
export const emptyBucket: SendRequest = ({ clients }, aws) => {
  const one = '<Version><Key>k</Key><VersionId>v</VersionId></Version>';
  aws.stub('s3:GET', xml(`<ListVersionsResult>${one}</ListVersionsResult>`));
  return deleteBucket(clients.s3, 'bucket');
};

import { expect, test } from 'vitest';
import { databaseOffer } from '../../src/cloud/check/database-offer.ts';
import { template } from '../../src/cloud/check/template.ts';
import { readSpending, spendingRequest } from '../../src/cloud/costs/spending.ts';
import { listAlarms, listAlarmChanges } from '../../src/cloud/instances/alarms.ts';
import { listAutomatedBackups } from '../../src/cloud/database/automated-backups.ts';
import { listDatabases } from '../../src/cloud/database/databases.ts';
import {
  createDatabaseSnapshot,
  listDatabaseSnapshots,
} from '../../src/cloud/database/snapshots.ts';
import { setDatabaseProtection } from '../../src/cloud/protection/databases.ts';
import { listUnfinishedBuilds } from '../../src/cloud/image/unfinished-builds.ts';
import { findHostedZone, listRecordTypes } from '../../src/cloud/domain/hosted-zones.ts';
import { findLaunchFailure } from '../../src/cloud/instances/launch-failure.ts';
import {
  requireScalingGroup,
  setTemplateVersion,
} from '../../src/cloud/instances/scaling-group.ts';
import { findActiveRefresh, startRefresh } from '../../src/cloud/instances/instance-refreshes.ts';
import { readTargetHealth } from '../../src/cloud/instances/target-health.ts';
import {
  createTemplateVersion,
  deleteTemplateVersion,
  listTemplateVersions,
} from '../../src/cloud/instances/template-versions.ts';
import { listOrphanedLoadBalancers } from '../../src/cloud/teardown/load-balancers.ts';
import {
  createSecurityGroup,
  deleteSecurityGroup,
  listSecurityGroups,
} from '../../src/cloud/image/security-groups.ts';
import { startSession, terminateSession } from '../../src/cloud/sessions/session.ts';
import * as secretVersions from '../../src/cloud/secrets/secret-versions.ts';
import * as changeSets from '../../src/cloud/stack/change-set.ts';
import { findLastEventId, listEvents } from '../../src/cloud/stack/events.ts';
import { listResources } from '../../src/cloud/stack/resources.ts';
import { findStack } from '../../src/cloud/stack/stack.ts';
import { listRequests } from '../support/list-aws-requests.ts';
import { expectAccessDenied, startEmptyAws } from '../support/aws-access-denied.ts';
import * as sendRequests from './send-requests.ts';
import type { SendRequest } from './send-requests.ts';
import { openTestCloud } from './test-cloud.ts';

const ORDER: changeSets.ChangeSetRequest = {
  name: 'set',
  kind: 'CREATE',
  template: '',
  parameters: [],
};
const VERSION = {
  number: '1',
  createdAt: new Date(),
  isOfCommand: false,
  content: { ImageId: 'ami-1', InstanceType: 't3.micro' },
};
const GROUP = {
  name: 'group',
  desired: 1,
  templateId: 'lt-1',
  version: '1',
  types: null,
  policy: null,
  members: [],
};
/** The functions that send each request of `src/cloud/` and `src/aws/s3/`. */
const CALLS: Record<string, SendRequest | SendRequest[]> = {
  'autoscaling:DescribeAutoScalingGroups': [
    ({ clients }) => requireScalingGroup(clients.autoScaling, 'group'),
    sendRequests.listOrphansOf(''),
  ],
  'autoscaling:DescribeInstanceRefreshes': ({ clients }) =>
    findActiveRefresh(clients.autoScaling, 'group'),
  'autoscaling:DescribeScalingActivities': ({ clients }) =>
    findLaunchFailure(clients.autoScaling, 'group', new Date()),
  'autoscaling:StartInstanceRefresh': ({ clients }) =>
    startRefresh(clients.autoScaling, { AutoScalingGroupName: 'group' }),
  'autoscaling:UpdateAutoScalingGroup': ({ clients }) =>
    setTemplateVersion(clients.autoScaling, GROUP, '1'),
  'cloudformation:CreateChangeSet': (cloud) => changeSets.createChangeSet(cloud, ORDER),
  'cloudformation:DeleteChangeSet': (cloud) => changeSets.deleteChangeSet(cloud, 'set'),
  'cloudformation:DeleteStack': [
    sendRequests.deleteStackWithResources,
    sendRequests.createAndDeleteStack,
  ],
  'cloudformation:DescribeChangeSet': (cloud) => changeSets.readChangeSet(cloud, 'set'),
  'ce:GetCostAndUsage': (cloud) => readSpending(cloud, spendingRequest(new Date())),
  'cloudformation:DescribeStackEvents': [
    (cloud) => listEvents(cloud, 'arn:stack', null),
    (cloud) => findLastEventId(cloud, 'arn:stack'),
  ],
  'cloudformation:DescribeStacks': findStack,
  'cloudformation:ExecuteChangeSet': (cloud) => changeSets.executeChangeSet(cloud, 'set'),
  'cloudformation:ListStackResources': (cloud) => listResources(cloud, 'arn:stack'),
  'cloudformation:ValidateTemplate': (cloud) => template.run(cloud, sendRequests.readDefaults),
  'cloudwatch:DescribeAlarmHistory': ({ clients }) =>
    listAlarmChanges(clients.cloudWatch, 'alarm', 1),
  'cloudwatch:DescribeAlarms': ({ clients }) => listAlarms(clients.cloudWatch, ['alarm']),
  'cloudformation:UpdateTerminationProtection': sendRequests.protect,
  'ec2:CreateLaunchTemplateVersion': ({ clients }) =>
    createTemplateVersion(clients.ec2, 'lt-1', VERSION, 'ami-2'),
  'ec2:CreateSecurityGroup': ({ clients }) =>
    createSecurityGroup(clients.ec2, { GroupName: 'group', Description: '' }),
  'ec2:DeleteLaunchTemplateVersions': ({ clients }) =>
    deleteTemplateVersion(clients.ec2, 'lt-1', '1'),
  'ec2:DeleteSecurityGroup': ({ clients }) => deleteSecurityGroup(clients.ec2, 'sg-1'),
  'ec2:DescribeLaunchTemplateVersions': [
    ({ clients }) => listTemplateVersions(clients.ec2, 'lt-1'),
    sendRequests.listImageUses,
  ],
  'ec2:DescribeLaunchTemplates': sendRequests.listOrphansOf(''),
  'ec2:DescribeSecurityGroups': ({ clients }) => listSecurityGroups(clients.ec2, []),
  'elasticloadbalancing:DescribeLoadBalancerAttributes': sendRequests.protectBalancer,
  'elasticloadbalancing:DescribeLoadBalancers': listOrphanedLoadBalancers,
  'elasticloadbalancing:DescribeTags': sendRequests.readBalancerOwner,
  'elasticloadbalancing:DescribeTargetGroups': listOrphanedLoadBalancers,
  'elasticloadbalancing:DescribeTargetHealth': ({ clients }) =>
    readTargetHealth(clients.loadBalancing, 'arn:targets'),
  'elasticloadbalancing:ModifyLoadBalancerAttributes': sendRequests.protectBalancer,
  'iam:AddRoleToInstanceProfile': sendRequests.createRole,
  'iam:CreateInstanceProfile': sendRequests.createRole,
  'iam:CreateRole': sendRequests.createRole,
  'iam:DeleteInstanceProfile': sendRequests.removeRole,
  'iam:DeleteRole': sendRequests.removeRole,
  'iam:DeleteRolePolicy': sendRequests.removeRole,
  'iam:GetInstanceProfile': sendRequests.listOrphansOf('AWS::IAM::InstanceProfile'),
  'iam:GetPolicy': sendRequests.findPermissionsBoundary,
  'iam:GetRole': [sendRequests.listOrphansOf('AWS::IAM::Role'), sendRequests.simulateRole],
  'iam:ListInstanceProfiles': ({ clients }) => listUnfinishedBuilds(clients),
  'iam:ListRoles': ({ clients }) => listUnfinishedBuilds(clients),
  'iam:PutRolePolicy': sendRequests.createRole,
  'iam:RemoveRoleFromInstanceProfile': sendRequests.removeRole,
  'logs:FilterLogEvents': sendRequests.readLog,
  'rds:CreateDBSnapshot': ({ clients }) =>
    createDatabaseSnapshot(clients.rds, 'database', { id: 'snapshot', tags: {} }),
  'rds:DeleteDBInstanceAutomatedBackup': sendRequests.removeAutomatedBackup,
  'rds:DeleteDBSnapshot': sendRequests.removeDatabaseSnapshot,
  'rds:DescribeDBInstanceAutomatedBackups': ({ clients }) =>
    listAutomatedBackups(clients.rds, 'minitwit'),
  'rds:DescribeDBInstances': ({ clients }) => listDatabases(clients.rds, 'minitwit'),
  'rds:DescribeDBSnapshots': ({ clients }) => listDatabaseSnapshots(clients.rds, null),
  'iam:SimulatePrincipalPolicy': sendRequests.simulateUser,
  'rds:DescribeAccountAttributes': sendRequests.checkQuotas,
  'rds:DescribeDBEngineVersions': (cloud) => databaseOffer.run(cloud, sendRequests.readDefaults),
  'rds:DescribeOrderableDBInstanceOptions': sendRequests.checkDatabaseOffer,
  'servicequotas:GetServiceQuota': sendRequests.checkQuotas,
  'rds:ModifyDBInstance': (cloud) => setDatabaseProtection(cloud, 'database', true),
  'route53:GetHostedZone': ({ clients }) => findHostedZone(clients.route53, 'Z1'),
  'route53:ListResourceRecordSets': ({ clients }) => listRecordTypes(clients.route53, 'Z1', 'x'),
  's3:CreateBucket': sendRequests.uploadSource,
  's3:DeleteBucket': [sendRequests.removeSource, sendRequests.emptyBucket],
  's3:DeleteObject': sendRequests.removeSource,
  's3:DeleteObjects': sendRequests.emptyBucket,
  's3:GetBucketTagging': sendRequests.listBuckets,
  's3:ListBuckets': sendRequests.listBuckets,
  's3:ListObjectVersions': sendRequests.emptyBucket,
  's3:PutObject': sendRequests.uploadSource,
  'secretsmanager:DescribeSecret': (cloud) => secretVersions.readVersions(cloud, 'secret'),
  'secretsmanager:GetSecretValue': (cloud) => secretVersions.readValue(cloud, 'secret', 'version'),
  'secretsmanager:PutSecretValue': (cloud) =>
    secretVersions.putVersion(cloud, 'secret', { value: 'x', stage: 'AWSPENDING', from: null }),
  'secretsmanager:UpdateSecretVersionStage': (cloud) =>
    secretVersions.moveStage(cloud, 'secret', { stage: 'AWSPENDING', from: 'a', to: null }),
  'ssm:DescribeInstanceInformation': sendRequests.runScript,
  'ssm:GetCommandInvocation': sendRequests.runScript,
  'ssm:ListCommands': sendRequests.runScriptWithLostResponse,
  'ssm:SendCommand': sendRequests.runScript,
  'ssm:StartSession': (cloud) => startSession(cloud, { Target: 'i-1' }),
  'ssm:TerminateSession': (cloud) => terminateSession(cloud, 'operator-1'),
  'sts:GetCallerIdentity': sendRequests.findPermissionsBoundary,
};

// The actions of the stub. A request to S3 has only a method, so its row has the number of earlier requests.
const METHODS: Record<string, [action: string, after: number]> = {
  's3:CreateBucket': ['s3:PUT', 0],
  's3:DeleteBucket': ['s3:DELETE', 1],
  's3:DeleteObject': ['s3:DELETE', 0],
  's3:DeleteObjects': ['s3:POST', 0],
  's3:GetBucketTagging': ['s3:GET', 1],
  's3:ListBuckets': ['s3:GET', 0],
  's3:ListObjectVersions': ['s3:GET', 0],
  's3:PutObject': ['s3:PUT', 1],
};

const requests = Object.entries(CALLS).flatMap(([name, calls]) =>
  [calls].flat().map((call) => [name, call] as const),
);

test('this file has every request of src/cloud and src/aws/s3', () => {
  const names = requests.map(([name]) => name);
  // The source does not send GetObject: it only signs a URL for it.
  expect([...names, 's3:GetObject'].toSorted()).toEqual(listRequests('cloud', 'aws/s3').toSorted());
});

test.each(requests)(
  'a refused %s throws an error that names the IAM policy',
  async (name, call) => {
    const aws = await startEmptyAws();
    const cloud = openTestCloud().open();
    const [action, before] = METHODS[name] ?? [name.replace('cloudwatch:', 'monitoring:'), 0];
    const isOfBucketAlone = name === 's3:DeleteBucket' && call === sendRequests.emptyBucket;
    aws.fail(action, 'AccessDenied', { after: isOfBucketAlone ? 0 : before });
    await expectAccessDenied(() => call(cloud, aws));
  },
);

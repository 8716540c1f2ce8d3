import { DescribeAutoScalingGroupsCommand } from '@aws-sdk/client-auto-scaling';
import { ListChangeSetsCommand, ListStackResourcesCommand } from '@aws-sdk/client-cloudformation';
import {
  CreateDBInstanceCommand,
  DescribeDBInstancesCommand,
  type RDSClient,
} from '@aws-sdk/client-rds';
import type { CloudContext } from '../../../src/cloud/context.ts';
import { up } from '../../../src/cloud/commands/up.ts';
import { findStack, STACK_TAG } from '../../../src/cloud/stack/stack.ts';
import { openEmulatedAccount } from '../../support/aws-account.ts';
import { emulate } from '../emulated.ts';
import { emulateVersions } from '../emulated/versions.ts';
import { makeImage } from '../make-image.ts';
import { openTestCloud } from '../test-cloud.ts';

/** An account with an image of MiniTwit, and commands. */
export type StackFixture = Awaited<ReturnType<typeof createStackFixture>>;

/** Opens an account that has only an image. */
export async function createStackFixture() {
  const account = await openEmulatedAccount();
  const emulated = emulate(account);
  emulateVersions(account);
  const { cloud, lines, requestedUrls, open, stop } = openTestCloud();
  /** The scripts that ran on instances. */
  const scripts: string[] = [];
  emulated.runScript = (script) => {
    scripts.push(script);
    return { stdout: 'The tables are there.\n' };
  };
  const imageId = await makeImage(cloud, '1.3.0');
  account.actions.length = 0;
  return {
    account,
    emulated,
    imageId,
    lines,
    requestedUrls,
    scripts,
    cloud,
    open,
    up: (parameters = {}, dryRun = false) => up(open(), { parameters, dryRun }),
    stop,
    readState: () => readState(cloud),
  };
}

/** Creates a database of 20 GiB with the tag of the stack, which CloudFormation does not know. */
export async function createDatabase(rds: RDSClient, id: string): Promise<void> {
  const request = new CreateDBInstanceCommand({
    DBInstanceIdentifier: id,
    DBInstanceClass: 'db.t4g.micro',
    Engine: 'mysql',
    AllocatedStorage: 20,
    MasterUsername: 'admin',
    ManageMasterUserPassword: true,
    Tags: [{ Key: STACK_TAG, Value: 'minitwit' }],
  });
  await rds.send(request);
}

/** Returns the state of the account that is the same each time. */
async function readState(cloud: CloudContext) {
  const { autoScaling, cloudFormation, rds } = cloud.clients;
  const stack = await findStack(cloud);
  const { DBInstances = [] } = await rds.send(new DescribeDBInstancesCommand());
  const { AutoScalingGroups = [] } = await autoScaling.send(new DescribeAutoScalingGroupsCommand());
  const state = {
    status: stack?.status ?? null,
    setUp: stack?.parameters.SetUp,
    databases: DBInstances.length,
    instances: AutoScalingGroups.map((it) => it.Instances?.length),
  };
  if (!stack) return { ...state, resources: [], changeSets: 0 };
  const StackName = stack.id;
  const resources = await cloudFormation.send(new ListStackResourcesCommand({ StackName }));
  const { Summaries = [] } = await cloudFormation.send(new ListChangeSetsCommand({ StackName }));
  return {
    ...state,
    resources: resources.StackResourceSummaries?.map((it) => it.LogicalResourceId).toSorted(),
    changeSets: Summaries.length,
  };
}

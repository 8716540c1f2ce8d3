import { pollOptions } from '../../aws/poll-options.ts';
import { poll } from '../../cli/poll.ts';
import type { CloudContext } from '../context.ts';
import { findLaunchFailure } from '../instances/launch-failure.ts';
import { requireScalingGroup } from '../instances/scaling-group.ts';
import { runCommand } from '../instances/run-command.ts';
import { renderInitdbScript } from './initdb-script.ts';
import { hintFor } from '../stack/hints.ts';
import { changeStack } from '../stack/change-stack.ts';
import { type Outputs, readOutputs } from '../stack/outputs.ts';
import { toChangedParameters } from '../stack/parameters.ts';
import type { Stack } from '../stack/stack.ts';

const COMMENT = 'Initializing the database';
const IN_SERVICE_MAX_MS = 10 * 60_000;
const INITDB_MAX_MS = 5 * 60_000;

/**
 * If the parameter SetUp of the stack is `yes`, initializes its database: creates missing tables and the application's
 * database user. An instance does this, since only instances reach the database. Afterwards sets SetUp to `no`, so that
 * instances can no longer read the password of the database's master user.
 */
export async function initializeDatabase(cloud: CloudContext, stack: Stack): Promise<void> {
  if (stack.parameters.SetUp !== 'yes') return;
  const outputs = readOutputs(stack);
  cloud.log(`${COMMENT} …`);
  const instanceId = await findInService(cloud, outputs);
  const script = await renderInitdbScript({
    region: await cloud.clients.cloudFormation.config.region(),
    endpoint: outputs.databaseEndpoint,
    masterSecret: outputs.masterSecret,
    databasePassword: outputs.databasePassword,
  });
  const output = await runCommand(cloud, instanceId, {
    comment: COMMENT,
    script,
    maxMs: INITDB_MAX_MS,
    logGroup: outputs.logs,
  });
  for (const line of output.trim().split('\n')) cloud.print(`  ${line}`);
  cloud.log('Removing the permission to read the master password from the instances …');
  const parameters = toChangedParameters(stack, { SetUp: 'no' });
  await changeStack(cloud, stack, { template: null, parameters, dryRun: false });
}

function findInService(cloud: CloudContext, { instances }: Outputs): Promise<string> {
  const { clients } = cloud;
  const checkInService = async () => {
    const { members } = await requireScalingGroup(clients.autoScaling, instances);
    const ready = members.find(({ state }) => state === 'InService');
    if (ready) return { done: ready.id };
    if (members.length === 0) return { pending: await explainNoInstance(cloud, instances) };
    return { pending: members.map(({ id, state }) => `${id} is ${state}`).join(', ') };
  };
  return poll('An instance', checkInService, pollOptions(cloud, IN_SERVICE_MAX_MS));
}

async function explainNoInstance(cloud: CloudContext, groupName: string): Promise<string> {
  const reason = await findLaunchFailure(cloud.clients.autoScaling, groupName, new Date(0));
  if (reason === null) return 'not launched yet';
  const hint = hintFor(reason, cloud);
  return `could not be launched: ${reason.replace(/\.?$/, '.')}${hint ? ` ${hint}` : ''}`;
}

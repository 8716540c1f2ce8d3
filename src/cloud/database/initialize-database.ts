import type { AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import { pollOptions } from '../../aws/poll-options.ts';
import { poll } from '../../cli/poll.ts';
import type { CloudContext } from '../context.ts';
import { findLaunchFailure } from '../instances/failed-launch.ts';
import { requireScalingGroup } from '../instances/scaling-group.ts';
import { runCommand } from '../instances/run-command.ts';
import { renderInitdbScript } from './initdb-script.ts';
import { hintFor } from '../stack/hints.ts';
import { changeStack } from '../stack/change-stack.ts';
import { type Outputs, readOutputs } from '../stack/outputs.ts';
import { changedParameters } from '../stack/parameters.ts';
import type { Stack } from '../stack/stack.ts';

const IN_SERVICE_MAX_MS = 10 * 60_000;
const SET_UP_MAX_MS = 5 * 60_000;

/**
 * Sets up the database of a stack whose parameter SetUp says that this is still to be done: makes its tables, where
 * there are none, and MiniTwit's own user, from one of the instances, which alone reach it. Then takes the right to
 * do so from the instances.
 */
export async function initializeDatabase(cloud: CloudContext, stack: Stack): Promise<void> {
  if (stack.parameters.SetUp !== 'yes') return;
  const outputs = readOutputs(stack);
  cloud.log('Setting up the database …');
  const instanceId = await findInService(cloud, outputs);
  const script = await renderInitdbScript({
    region: await cloud.clients.cloudFormation.config.region(),
    endpoint: outputs.databaseEndpoint,
    masterSecret: outputs.masterSecret,
    databasePassword: outputs.databasePassword,
  });
  const output = await runCommand(cloud, instanceId, {
    comment: 'Setting up the database',
    script,
    maxMs: SET_UP_MAX_MS,
    logGroup: outputs.logs,
  });
  for (const line of output.trim().split('\n')) cloud.print(`  ${line}`);
  cloud.log('Taking the right to do that from the instances …');
  const parameters = changedParameters(stack, { SetUp: 'no' });
  await changeStack(cloud, stack, { template: null, parameters, dryRun: false });
}

function findInService(cloud: CloudContext, { instances }: Outputs): Promise<string> {
  const { clients } = cloud;
  const look = async () => {
    const { members } = await requireScalingGroup(clients.autoScaling, instances);
    const ready = members.find(({ state }) => state === 'InService');
    if (ready) return { done: ready.id };
    if (members.length === 0) return { pending: await sayWhyNone(clients.autoScaling, instances) };
    return { pending: members.map(({ id, state }) => `${id} is ${state}`).join(', ') };
  };
  return poll('An instance', look, pollOptions(cloud, IN_SERVICE_MAX_MS));
}

async function sayWhyNone(autoScaling: AutoScalingClient, groupName: string): Promise<string> {
  const why = await findLaunchFailure(autoScaling, groupName, new Date(0));
  if (why === null) return 'there is none yet';
  const advice = hintFor(why);
  return `none could be started: ${why}${advice ? ` (${advice})` : ''}`;
}

import { findInstance, type Instance } from '../../aws/ec2/instances.ts';
import { type LaunchOptions, launchInstance, runInstancesInput } from '../../aws/ec2/launch.ts';
import { findAwsError, wasRefused } from '../../aws/errors.ts';
import { formatRequest } from '../../aws/format-request.ts';
import { pollOptions } from '../../aws/poll-options.ts';
import { poll } from '../../cli/poll.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { yieldToOlderRun, originTag } from '../run/lock.ts';
import { type ActiveRun, type RunStep, runTags } from '../run/active-run.ts';
import type { RunState } from '../run/state.ts';
import { ORIGIN_TAG } from '../tags.ts';
import { endInstances, leftoversOfInstances } from './end-instances.ts';

const CAPACITY_MAX_MS = 5 * 60_000;
const RUNNING_MAX_MS = 5 * 60_000;

/** Starts the instance and waits until it runs; undone, it is terminated. */
export const startInstance: RunStep = {
  name: 'start-instance',
  runMessage: 'Starting the instance',
  run: async (run) => {
    const instance = await launch(run);
    await run.record({
      isLaunchUnanswered: false,
      instanceId: instance.id,
      spotRequestId: instance.spotRequestId,
    });
    await yieldToOlderRun(run.ec2, run.state.volumeId, instance);
    await waitUntilRunning(run, instance.id);
  },
  undoMessage: 'Terminating the instance',
  undo: endInstances,
  formatOrphans: leftoversOfInstances,
  plan: (run) => {
    const options = launchOptions(run);
    const input = { ...runInstancesInput(options), UserData: options.userData };
    return {
      run: [formatRequest('RunInstances', input)],
      undo: [formatRequest('TerminateInstances', { InstanceIds: [run.state.instanceId] })],
    };
  },
};

/** What the run asks AWS for. */
export function launchOptions({ config, state, folder }: ActiveRun): LaunchOptions {
  return {
    token: state.runId,
    imageId: config.imageId,
    root: state.place.root,
    instanceType: config.instanceType,
    keyName: config.keyName,
    securityGroup: config.securityGroup,
    subnetId: state.place.subnetId,
    market: config.market,
    // should nobody be left to end it
    userData: `#!/bin/sh\nshutdown -h +${lifetimeMinutes(state)}\n`,
    tags: { ...runTags(state), [ORIGIN_TAG]: originTag(folder) },
  };
}

function lifetimeMinutes({ startedAt, endsAt }: RunState): number {
  return Math.round((Number(endsAt) - Number(startedAt)) / 60_000);
}

// What AWS may have again in a minute.
const CAPACITY_ERRORS = new Set([
  'InsufficientInstanceCapacity',
  'InsufficientHostCapacity',
  'InsufficientCapacity',
  'MaxSpotInstanceCountExceeded',
  'SpotMaxPriceTooLow',
]);

async function launch(run: ActiveRun): Promise<Instance> {
  const wanted = launchOptions(run);
  let refusals = 0;
  const look = async () => {
    const wasUnanswered = run.state.isLaunchUnanswered;
    await run.record({ isLaunchUnanswered: true });
    try {
      // AWS may give the same token the same refusal; while an answer is missing, it is the same instance's
      const token = `${wanted.token}-${refusals}`;
      return { done: await launchInstance(run.ec2, { ...wanted, token }, run.signal) };
    } catch (error) {
      const name = findAwsError(error)?.name ?? '';
      const isShortage = CAPACITY_ERRORS.has(name);
      // which says nothing of what was asked before
      const isRefused = wasRefused(error) && !wasUnanswered;
      if (isShortage || isRefused) await run.record({ isLaunchUnanswered: false });
      if (!isShortage) throw error;
      refusals += 1;
      return { pending: name };
    }
  };
  const what = `A ${wanted.instanceType} (${wanted.market}) in ${run.state.place.zone}`;
  return poll(what, look, pollOptions(run, CAPACITY_MAX_MS)).catch((error: unknown) => {
    throw refusals > 0 && !run.signal.aborted ? withCapacityHint(error, wanted.market) : error;
  });
}

function withCapacityHint(error: unknown, market: LaunchOptions['market']): unknown {
  if (!(error instanceof OperatorError) || findAwsError(error)) return error;
  const orOnDemand = market === 'spot' ? ', or WAREHOUSE_MARKET=on-demand' : '';
  const advice = `Try it later, or with another WAREHOUSE_INSTANCE_TYPE${orOnDemand}.`;
  return new OperatorError(`${error.message} ${advice}`, { cause: error });
}

async function waitUntilRunning(run: ActiveRun, id: string): Promise<void> {
  const look = async () => {
    const instance = await findInstance(run.ec2, id);
    const state = instance?.state ?? 'not known yet';
    if (state === 'running') return { done: null };
    if (instance && state !== 'pending') throw new OperatorError(formatEnded(instance));
    return { pending: state };
  };
  await poll(`The instance ${id}`, look, pollOptions(run, RUNNING_MAX_MS));
}

function formatEnded({ id, state, reason }: Instance): string {
  return `The instance ${id} is ${state} in place of running: ${reason ?? 'AWS does not say why'}.`;
}

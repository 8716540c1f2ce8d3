import { findInstance, type Instance } from '../../aws/ec2/instances.ts';
import { type LaunchOptions, launchInstance, runInstancesInput } from '../../aws/ec2/launch.ts';
import { findAwsError, wasRefused } from '../../aws/errors.ts';
import { formatRequest } from '../../aws/format-request.ts';
import { pollOptions } from '../../aws/poll-options.ts';
import { renderScript } from '../../aws/render-script.ts';
import { poll } from '../../cli/poll.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { yieldToOlderRun, originTag } from '../run/lock.ts';
import { type ActiveRun, type RunStep, runTags } from '../run/active-run.ts';
import type { RunState } from '../run/state.ts';
import { ORIGIN_TAG } from '../tags.ts';
import { endInstances, formatInstanceOrphans } from './end-instances.ts';

const CAPACITY_MAX_MS = 5 * 60_000;
const RUNNING_MAX_MS = 5 * 60_000;

/** Starts the instance, and waits until it runs. Undo terminates it. */
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
  formatOrphans: formatInstanceOrphans,
  plan: async (run) => {
    const options = await launchOptions(run);
    const input = { ...runInstancesInput(options), UserData: options.userData };
    return {
      run: [formatRequest('RunInstances', input)],
      undo: [formatRequest('TerminateInstances', { InstanceIds: [run.state.instanceId] })],
    };
  },
};

/** Returns the options of the run's instance. */
export async function launchOptions({ config, state, folder }: ActiveRun): Promise<LaunchOptions> {
  return {
    token: state.runId,
    imageId: config.imageId,
    root: state.place.root,
    instanceType: config.instanceType,
    isBurstable: state.place.isBurstable,
    keyName: config.keyName,
    securityGroup: config.securityGroup,
    subnetId: state.place.subnetId,
    market: config.market,
    userData: await renderScript('warehouse-run.sh', {
      END_AFTER_MINUTES: String(lifetimeMinutes(state)),
    }),
    tags: { ...runTags(state), [ORIGIN_TAG]: originTag(folder) },
  };
}

function lifetimeMinutes({ startedAt, endsAt }: RunState): number {
  return Math.round((Number(endsAt) - Number(startedAt)) / 60_000);
}

// Errors that may pass within minutes.
const CAPACITY_ERRORS = new Set([
  'InsufficientInstanceCapacity',
  'InsufficientHostCapacity',
  'InsufficientCapacity',
  'MaxSpotInstanceCountExceeded',
  'SpotMaxPriceTooLow',
]);

async function launch(run: ActiveRun): Promise<Instance> {
  const options = await launchOptions(run);
  let refusals = 0;
  const request = async () => {
    const wasUnanswered = run.state.isLaunchUnanswered;
    await run.record({ isLaunchUnanswered: true });
    try {
      // With the same token, AWS repeats a refusal. While a response is missing, the token must stay the same, so that
      // only one instance is started.
      const token = `${options.token}-${refusals}`;
      return { done: await launchInstance(run.ec2, { ...options, token }, run.signal) };
    } catch (error) {
      const name = findAwsError(error)?.name ?? '';
      const isShortage = CAPACITY_ERRORS.has(name);
      // A refusal is no answer to an earlier request whose response is missing.
      const isRefused = wasRefused(error) && !wasUnanswered;
      if (isShortage || isRefused) await run.record({ isLaunchUnanswered: false });
      if (!isShortage) throw error;
      refusals += 1;
      return { pending: name };
    }
  };
  const subject = `A ${options.instanceType} (${options.market}) in ${run.state.place.zone}`;
  return poll(subject, request, pollOptions(run, CAPACITY_MAX_MS)).catch((error: unknown) => {
    throw refusals > 0 && !run.signal.aborted ? withCapacityHint(error, options.market) : error;
  });
}

function withCapacityHint(error: unknown, market: LaunchOptions['market']): unknown {
  if (!(error instanceof OperatorError) || findAwsError(error)) return error;
  const orOnDemand = market === 'spot' ? ', or WAREHOUSE_MARKET=on-demand' : '';
  const advice = `Try it later, or with another WAREHOUSE_INSTANCE_TYPE${orOnDemand}.`;
  return new OperatorError(`${error.message} ${advice}`, { cause: error });
}

async function waitUntilRunning(run: ActiveRun, id: string): Promise<void> {
  const request = async () => {
    const instance = await findInstance(run.ec2, id);
    const state = instance?.state ?? 'not listed yet';
    if (state === 'running') return { done: null };
    if (instance && state !== 'pending') throw new OperatorError(formatEnded(instance));
    return { pending: state };
  };
  await poll(`The instance ${id}`, request, pollOptions(run, RUNNING_MAX_MS));
}

function formatEnded({ id, state, reason }: Instance): string {
  return `The instance ${id} is ${state} instead of running: ${reason ?? 'AWS gives no reason'}.`;
}

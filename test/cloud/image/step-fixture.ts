import { findDefaultSubnetFor } from '../../../src/aws/ec2/network.ts';
import { listImages } from '../../../src/aws/ec2/images.ts';
import { createRunId } from '../../../src/cli/run-id.ts';
import { createMemoryJournal, runSteps, undoSteps } from '../../../src/cli/steps.ts';
import type { CloudContext } from '../../../src/cloud/context.ts';
import {
  type BuildContext,
  type BuildStep,
  createBuildContext,
} from '../../../src/cloud/image/build.ts';
import type { BuildPlan } from '../../../src/cloud/image/plan.ts';
import { errorMessage } from '../../../src/errors/error-message.ts';
import type { EmulatedAccount } from '../../support/aws-account.ts';
import type { AwsResponse } from '../../support/aws-request.ts';
import { LISTS, createBuildFixture } from './fixture.ts';

/** A kind of resource that a step can leave. */
export type ResourceKind = keyof typeof LISTS;

/** One request of a step. */
export interface StepRequest {
  index: number;
  action: string;
  /** The number of requests of the same action before this one. */
  after: number;
}

/** Creates a plan with a source of one byte. */
async function createSmallPlan({ clients: { ec2 } }: CloudContext): Promise<BuildPlan> {
  const instanceType = 't3.small';
  const [base] = await listImages(ec2, 'amazon', []);
  const subnet = await findDefaultSubnetFor(ec2, instanceType);
  if (!base || !subnet) throw new Error('The account has no Amazon Linux, or no subnet.');
  const archive = Buffer.from('x');
  const byte = {
    version: '1.0.0',
    commit: 'c',
    schemaVersion: 1,
    archive,
    sha256: '',
    uncommitted: [],
  };
  return {
    runId: createRunId(new Date()),
    source: byte,
    instanceType,
    isBurstable: true,
    base,
    subnet,
    boundary: null,
  };
}

/**
 * Stubs RunInstances to start one instance for each token, as AWS does and moto does not, without an instance profile.
 */
function stubIdempotentLaunch(account: EmulatedAccount): void {
  const answers = new Map<string | null, Promise<AwsResponse>>();
  account.stub('ec2:RunInstances', ({ body }, pass) => {
    const form = new URLSearchParams(body.toString());
    const token = form.get('ClientToken');
    form.delete('IamInstanceProfile.Name');
    const answer = answers.get(token) ?? pass(form.toString());
    answers.set(token, answer);
    return answer;
  });
}

/** Runs the steps `before`, and returns functions that run and undo `step` for one new run after another. */
export async function createStepFixture(
  step: BuildStep,
  before: BuildStep[],
  created: ResourceKind[],
) {
  const fixture = await createBuildFixture();
  stubIdempotentLaunch(fixture.account);
  const plan = await createSmallPlan(fixture.cloud);
  const first = createBuildContext(fixture.cloud, plan);
  await runSteps(before, first);
  let build: BuildContext = first;
  /** Runs the step for a new run. Returns `done`, or the message of the failure. */
  const run = async (cloud: CloudContext = fixture.open()) => {
    const runId = createRunId(new Date());
    const own = { runId, plan: { ...plan, runId }, journal: createMemoryJournal() };
    build = { ...first, ...cloud, ec2: cloud.clients.ec2, ...own };
    const outcome = await runSteps([step], build).then(() => 'done', errorMessage);
    // An aborted request may still run. Its resource must exist before `undo` polls for it.
    await fixture.account.waitUntilIdle();
    return outcome;
  };
  const undo = () =>
    undoSteps([step], { ...build, timing: first.timing }).then(() => 'done', errorMessage);
  const list = async () => {
    const lists = [];
    for (const kind of created) lists.push(await LISTS[kind](fixture.cloud));
    return lists.flat();
  };
  /** Calls a function. Returns its requests in order. */
  const listRequests = async (send: () => Promise<string>): Promise<StepRequest[]> => {
    const { actions } = fixture.account;
    const start = actions.length;
    await send();
    return actions.slice(start).map((action, index, all) => ({
      index,
      action,
      after: all.slice(0, index).filter((it) => it === action).length,
    }));
  };
  const { account, open, stop } = fixture;
  return { account, open, stop, run, undo, list, listRequests, nothing: await list() };
}

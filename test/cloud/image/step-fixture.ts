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
import { LISTS, openWorld } from './fixture.ts';

/** What a step can leave behind. */
export type Kind = keyof typeof LISTS;

/** One request among those of a step. */
export interface Place {
  index: number;
  action: string;
  /** How many of its action come before it. */
  after: number;
}

/** A plan for a source of one byte. */
async function planSmall({ clients: { ec2 } }: CloudContext): Promise<BuildPlan> {
  const instanceType = 't3.small';
  const [base] = await listImages(ec2, 'amazon', []);
  const subnet = await findDefaultSubnetFor(ec2, instanceType);
  if (!base || !subnet) throw new Error('The account has no image of Amazon, or no network');
  const archive = Buffer.from('x');
  const byte = { version: '1.0.0', commit: 'c', archive, sha256: '', uncommitted: [] };
  return { runId: createRunId(new Date()), source: byte, instanceType, base, subnet };
}

/** Has EC2 start one instance for a token, as AWS does, and moto does not; of instance profiles there are none here. */
function startOnce(account: EmulatedAccount): void {
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

/** Opens a build in which all is done that comes before a step, and does that step as other runs would. */
export async function openStep(step: BuildStep, before: BuildStep[], made: Kind[]) {
  const world = await openWorld();
  startOnce(world.account);
  const plan = await planSmall(world.cloud);
  const first = createBuildContext(world.cloud, plan);
  await runSteps(before, first);
  let build: BuildContext = first;
  /** Makes the step as another run would, with what was made before; says how that ended. */
  const run = async (cloud: CloudContext = world.open()) => {
    const runId = createRunId(new Date());
    const own = { runId, plan: { ...plan, runId }, journal: createMemoryJournal() };
    build = { ...first, ...cloud, ec2: cloud.clients.ec2, ...own };
    const said = await runSteps([step], build).then(() => 'done', errorMessage);
    // A request that was cut off may still be at work, and to look for what it makes has an end.
    await world.account.waitUntilIdle();
    return said;
  };
  const undo = () =>
    undoSteps([step], { ...build, timing: first.timing }).then(() => 'done', errorMessage);
  const list = async () => {
    const lists = [];
    for (const kind of made) lists.push(await LISTS[kind](world.cloud));
    return lists.flat();
  };
  /** What it requests, in order. */
  const listRequests = async (act: () => Promise<string>): Promise<Place[]> => {
    const { actions } = world.account;
    const start = actions.length;
    await act();
    return actions.slice(start).map((action, index, all) => ({
      index,
      action,
      after: all.slice(0, index).filter((it) => it === action).length,
    }));
  };
  const { account, open, stop } = world;
  return { account, open, stop, run, undo, list, listRequests, nothing: await list() };
}

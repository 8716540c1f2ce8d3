import { describe, expect, test } from 'vitest';
import { listImages } from '../../../src/aws/ec2/images.ts';
import { findDefaultSubnetFor } from '../../../src/aws/ec2/network.ts';
import { createRunId } from '../../../src/aws/run-id.ts';
import { journalInMemory, runSteps, undoSteps } from '../../../src/aws/runner.ts';
import { createWaits } from '../../../src/aws/waits.ts';
import type { Cloud } from '../../../src/cloud/cloud.ts';
import { type Build, type BuildStep, openBuild } from '../../../src/cloud/image/build.ts';
import { builder } from '../../../src/cloud/image/builder-step.ts';
import { group } from '../../../src/cloud/image/group-step.ts';
import { image } from '../../../src/cloud/image/image-step.ts';
import type { Plan } from '../../../src/cloud/image/plan.ts';
import { role } from '../../../src/cloud/image/role-step.ts';
import { source } from '../../../src/cloud/image/source-step.ts';
import { messageOf } from '../../../src/errors.ts';
import type { Account } from '../../support/aws-account.ts';
import type { Answered } from '../../support/aws-request.ts';
import { LISTS, openWorld } from './world.ts';

// Of the others, `install` is proved by run-command.test.ts, and neither it nor `hand-over` is undone.
const STEPS: [name: string, step: BuildStep, before: BuildStep[], made: (keyof typeof LISTS)[]][] =
  [
    ['role', role, [], ['roles', 'profiles']],
    ['source', source, [], ['buckets']],
    ['group', group, [], ['groups']],
    ['builder', builder, [group], ['instances', 'volumes']],
    ['image', image, [group, builder], ['images', 'snapshots']],
  ];

/** One request among those of a step. */
interface Place {
  index: number;
  action: string;
  /** How many of its action come before it. */
  after: number;
}

/** A plan for a source of one byte. */
async function planSmall({ clients: { ec2 } }: Cloud): Promise<Plan> {
  const instanceType = 't3.small';
  const [base] = await listImages(ec2, 'amazon', []);
  const subnet = await findDefaultSubnetFor(ec2, instanceType);
  if (!base || !subnet) throw new Error('The account has no image of Amazon, or no network');
  const archive = Buffer.from('x');
  const byte = { version: '1.0.0', commit: 'c', archive, sha256: '', uncommitted: [] };
  return { runId: createRunId(new Date()), source: byte, instanceType, base, subnet };
}

/** Has EC2 start one instance for a token, as AWS does, and moto does not; of instance profiles there are none here. */
function startOnce(account: Account): void {
  const answers = new Map<string | null, Promise<Answered>>();
  account.stand('ec2:RunInstances', ({ body }, pass) => {
    const form = new URLSearchParams(body.toString());
    const token = form.get('ClientToken');
    form.delete('IamInstanceProfile.Name');
    const answer = answers.get(token) ?? pass(form.toString());
    answers.set(token, answer);
    return answer;
  });
}

// The way in waits for nothing that it does not see at once.
const HASTY = { firstPauseMs: 1, waitMaxMs: 1 };

const isLook = ({ action }: Place) => /:(Describe|List|Get|GET)/.test(action);

describe.each(STEPS)('the step %s', (_, step, before, made) => {
  /** Opens a build in which all is done that comes before the step. */
  async function openStep() {
    const world = await openWorld();
    startOnce(world.account);
    const plan = await planSmall(world.cloud);
    const first = openBuild(world.cloud, plan);
    await runSteps(before, first, { ...first, pace: { stopMaxMs: 60_000 } });
    let build: Build = first;
    /** Makes the step as another run would, with what was made before; says how that ended. */
    const run = (cloud: Cloud = world.open()) => {
      const runId = createRunId(new Date());
      const own = { runId, plan: { ...plan, runId }, journal: journalInMemory() };
      build = { ...first, ...cloud, ...own };
      const course = { ...build, pace: { stopMaxMs: 60_000 } };
      return runSteps([step], build, course).then(() => 'done', messageOf);
    };
    const undo = () => undoSteps([step], build, build).then(() => 'done', messageOf);
    const list = async () => {
      const lists = [];
      for (const kind of made) lists.push(await LISTS[kind](world.cloud));
      return lists.flat();
    };
    /** What it asks for. */
    const listRequests = async (act: () => Promise<string>): Promise<Place[]> => {
      const { actions } = world.account;
      const start = actions.length;
      expect(await act()).toBe('done');
      return actions.slice(start).map((action, index, all) => ({
        index,
        action,
        after: all.slice(0, index).filter((it) => it === action).length,
      }));
    };
    const { account, open, stop } = world;
    return { account, open, stop, run, undo, list, listRequests, nothing: await list() };
  }

  test('leaves nothing once it is undone, wherever it was stopped or refused', async () => {
    const { account, stop, run, undo, list, listRequests, nothing } = await openStep();
    const places = await listRequests(run);
    const whole = await list();
    expect(whole.length).toBeGreaterThan(nothing.length);
    expect(await undo()).toBe('done');
    expect(await list()).toEqual(nothing);
    for (const { index, action, after } of places) {
      const where = `${index}: ${action}`;
      const start = account.actions.length;
      account.onAsk = () => account.actions.length === start + index + 1 && stop();
      expect(await run(), where).toBe('Stopped by SIGINT.');
      account.onAsk = () => undefined;
      expect(await undo(), where).toBe('done');
      expect(await list(), where).toEqual(nothing);

      account.refuse(action, 'AccessDenied', { after, times: 1 });
      expect(await run(), where).toMatch(/^Cannot .*AWS says AccessDenied/);
      account.heal();
      expect(await undo(), where).toBe('done');
      expect(await list(), where).toEqual(nothing);
    }
  });

  test('makes everything once, whichever answer is lost; unheard of for ever, it is found', async () => {
    const { account, open, run, undo, list, listRequests, nothing } = await openStep();
    const places = await listRequests(run);
    const count = (await list()).length;
    await undo();
    for (const place of places) {
      const { index, action, after } = place;
      const where = `${index}: ${action}`;
      account.lose(action, { after });
      expect(await run(), where).toBe('done');
      account.heal();
      expect(await list(), where).toHaveLength(count);
      expect(await undo(), where).toBe('done');

      if (isLook(place)) continue;
      account.lose(action, { after, times: Infinity });
      const cloud = open();
      const { waiting } = createWaits({ ...cloud, pace: HASTY }, cloud.tell);
      expect(await run({ ...cloud, waiting }), where).toMatch(/AWS cannot be reached/);
      account.heal();
      expect(await undo(), where).toBe('done');
      expect(await list(), where).toEqual(nothing);
    }
  });

  test('is undone although an answer is lost; what is refused is named, and undone the next time', async () => {
    const { account, run, undo, list, listRequests, nothing } = await openStep();
    await run();
    for (const { index, action, after } of await listRequests(undo)) {
      const where = `${index}: ${action}`;
      await run();
      account.lose(action, { after });
      expect(await undo(), where).toBe('done');
      expect(await list(), where).toEqual(nothing);
      account.heal();

      await run();
      account.refuse(action, 'AccessDenied', { after, times: 1 });
      expect(await undo(), where).toMatch(
        /^Not everything could be undone:\n {2}Cannot .*AccessDenied.*\nThis may still exist:\n {2}the .*: the next image or down/,
      );
      account.heal();
      expect(await undo(), where).toBe('done');
      expect(await list(), where).toEqual(nothing);
    }
  });
});

import { describe, expect, test } from 'vitest';
import type { BuildStep } from '../../../src/cloud/image/build.ts';
import { BUILD_STEPS } from '../../../src/cloud/image/steps.ts';
import { type ResourceKind, createStepFixture, type StepRequest } from './step-fixture.ts';

// The steps `install` and `mark-finished` create nothing. The test of `install` is run-command.test.ts.
const STEPS: [name: string, before: string[], created: ResourceKind[]][] = [
  ['role', [], ['roles', 'profiles']],
  ['source', [], ['buckets']],
  ['group', [], ['groups']],
  ['builder', ['group'], ['instances', 'volumes']],
  ['image', ['group', 'builder'], ['images', 'snapshots']],
];

function findStep(name: string): BuildStep {
  const step = BUILD_STEPS.find((it) => it.name === name);
  if (!step) throw new Error(`There is no step ${name}.`);
  return step;
}

// `run` polls only for resources that AWS lists at once.
const HASTY = { firstPauseMs: 1, waitMaxMs: 1 };

const isRead = ({ action }: StepRequest) => /:(Describe|List|Get|GET)/.test(action);

describe.each(STEPS)('the step %s', (name, stepsBefore, created) => {
  const step = findStep(name);
  const before = stepsBefore.map(findStep);

  test('leaves nothing once it is undone, wherever it was stopped or refused', async () => {
    const { account, stop, run, undo, list, listRequests, nothing } = await createStepFixture(
      step,
      before,
      created,
    );
    const requests = await listRequests(run);
    const whole = await list();
    expect(whole.length).toBeGreaterThan(nothing.length);
    expect(await undo()).toBe('done');
    expect(await list()).toEqual(nothing);
    for (const { index, action, after } of requests) {
      const where = `${index}: ${action}`;
      const start = account.actions.length;
      account.onRequest = () => account.actions.length === start + index + 1 && stop();
      expect(await run(), where).toBe('Stopped by SIGINT.');
      account.onRequest = () => undefined;
      expect(await undo(), where).toBe('done');
      expect(await list(), where).toEqual(nothing);

      account.fail(action, 'AccessDenied', { after, times: 1 });
      expect(await run(), where).toMatch(/^Cannot .*AWS returned AccessDenied/);
      account.clearFaults();
      expect(await undo(), where).toBe('done');
      expect(await list(), where).toEqual(nothing);
    }
  });

  test('creates each resource once when a response is lost, and finds it when no request is answered', async () => {
    const { account, open, run, undo, list, listRequests, nothing } = await createStepFixture(
      step,
      before,
      created,
    );
    const requests = await listRequests(run);
    const count = (await list()).length;
    await undo();
    for (const request of requests) {
      const { index, action, after } = request;
      const where = `${index}: ${action}`;
      account.loseResponse(action, { after });
      expect(await run(), where).toBe('done');
      account.clearFaults();
      expect(await list(), where).toHaveLength(count);
      expect(await undo(), where).toBe('done');

      if (isRead(request)) continue;
      account.loseResponse(action, { after, times: Infinity });
      const cloud = open();
      expect(await run({ ...cloud, timing: { ...cloud.timing, ...HASTY } }), where).toMatch(
        /AWS cannot be reached/,
      );
      account.clearFaults();
      expect(await undo(), where).toBe('done');
      expect(await list(), where).toEqual(nothing);
    }
  });

  test('is undone when a response is lost, and when a refused removal is repeated', async () => {
    const { account, run, undo, list, listRequests, nothing } = await createStepFixture(
      step,
      before,
      created,
    );
    await run();
    for (const { index, action, after } of await listRequests(undo)) {
      const where = `${index}: ${action}`;
      await run();
      account.loseResponse(action, { after });
      expect(await undo(), where).toBe('done');
      expect(await list(), where).toEqual(nothing);
      account.clearFaults();

      await run();
      account.fail(action, 'AccessDenied', { after, times: 1 });
      expect(await undo(), where).toMatch(
        /^Not everything could be undone:\n {2}Cannot .*AccessDenied.*\nThis may still exist:\n {2}the .* To remove it, run npm run cloud -- image /,
      );
      account.clearFaults();
      expect(await undo(), where).toBe('done');
      expect(await list(), where).toEqual(nothing);
    }
  });
});

test.each<[step: string, refused: string, before: string[], orphan: RegExp]>([
  [
    'builder',
    'ec2:TerminateInstances',
    ['group'],
    /the instance i-\w+ \(at most \$19\.47 a month\)\. To remove it, run /,
  ],
  [
    'image',
    'ec2:DeregisterImage',
    ['group', 'builder'],
    /the image ami-\w+ \(at most \$0\.40 a month\)\. To remove it, run /,
  ],
])(
  'the step %s names the cost of what it could not remove',
  async (name, refused, before, orphan) => {
    const { account, run, undo } = await createStepFixture(
      findStep(name),
      before.map(findStep),
      [],
    );
    expect(await run()).toBe('done');
    account.fail(refused, 'AccessDenied');
    expect(await undo()).toMatch(orphan);
  },
);

test('starts one instance when responses are lost for longer than the SDK retries', async () => {
  const { account, run, list, nothing } = await createStepFixture(
    findStep('builder'),
    [findStep('group')],
    ['instances'],
  );
  account.loseResponse('ec2:RunInstances', { times: 8 });
  expect(await run()).toBe('done');
  expect(account.actions.filter((it) => it === 'ec2:RunInstances')).toHaveLength(9);
  expect(await list()).toHaveLength(nothing.length + 1);
});

import { rm, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { OperatorError } from '../../../src/errors/operator-error.ts';
import { cleanup } from '../../../src/warehouse/commands/cleanup.ts';
import { run } from '../../../src/warehouse/commands/run.ts';
import { originTag } from '../../../src/warehouse/run/lock.ts';
import type { RunContext } from '../../../src/warehouse/context.ts';
import { expectNothingLeft } from './request-points.ts';
import { createRunFixture, type RunFixture } from './fixture.ts';

/** The context of another machine with the same account and volume. */
function elsewhere({ context }: RunFixture): RunContext {
  return { ...context, folder: `${context.folder}/elsewhere` };
}

const once = { keep: false };

/** Starts two runs. Neither starts an instance before both have checked that no run is active. */
function runTogether(fixture: RunFixture): Promise<PromiseSettledResult<void>[]> {
  const bothHaveChecked = Promise.withResolvers<void>();
  let checking = 2;
  fixture.context.checkSourceAndBucket = () => {
    checking -= 1;
    if (checking === 0) bothHaveChecked.resolve();
    return bothHaveChecked.promise;
  };
  return Promise.allSettled([run(fixture.context, once), run(elsewhere(fixture), once)]);
}

test('a run on a second machine is refused, and the message names the first run', async () => {
  const fixture = await createRunFixture();
  let refusal: unknown;
  fixture.context.copy = async () => {
    refusal = await run(elsewhere(fixture), once).catch((error: unknown) => error);
    return {};
  };
  await run(fixture.context, once);
  const [instance, another] = fixture.aws.account.instances;
  expect(another).toBeUndefined();
  const runId = instance?.tags['minitwit:run'];
  expect(String(refusal)).toMatch(
    new RegExp(
      `${fixture.volumeId} is in use by the run ${runId}, on ${instance?.id} since .*finish.*cleanup ${runId}`,
    ),
  );
  expectNothingLeft(fixture);
});

test.each([1, 3])(
  'one of two concurrent runs on two machines succeeds when instances are listed after %i polls',
  async (polls) => {
    const fixture = await createRunFixture();
    fixture.aws.account.hiddenPollsOfNew = polls;
    const outcomes = await runTogether(fixture);
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(fixture.aws.account.instances).toHaveLength(2);
    expect(fixture.aws.account.snapshots).toHaveLength(1);
    expectNothingLeft(fixture);
  },
);

test('the younger of two concurrent runs ends before it attaches the volume', async () => {
  const fixture = await createRunFixture();
  fixture.aws.account.hiddenPollsOfNew = 0;
  const outcomes = await runTogether(fixture);
  const refused = outcomes.find((outcome) => outcome.status === 'rejected');
  expect(String(refused?.reason)).toMatch(/is in use by the run/);
  expect(fixture.aws.actions.filter((action) => action === 'AttachVolume')).toHaveLength(1);
  expectNothingLeft(fixture);
});

test('a second command in the same folder is refused', async () => {
  const fixture = await createRunFixture();
  const refusals: unknown[] = [];
  fixture.context.copy = async () => {
    refusals.push(await run(fixture.context, once).catch((error: unknown) => error));
    refusals.push(await cleanup(fixture.context, null).catch((error: unknown) => error));
    return {};
  };
  await run(fixture.context, once);
  const message =
    /A command of the warehouse is already running in this folder \(the run \w+-\w+\)\./;
  expect(refusals.map(String)).toEqual([
    expect.stringMatching(message),
    expect.stringMatching(message),
  ]);
});

test('cleanup skips an instance that was left running, until its run is named', async () => {
  const fixture = await createRunFixture();
  const { account } = fixture.aws;
  account.addInstance({ tags: { Name: "another user's" } });
  await run(fixture.context, { keep: true });
  const retained = account.instances.at(-1);
  const retainedRun = retained?.tags['minitwit:run'] ?? '';

  await cleanup(fixture.context, null);
  expect(fixture.lines.at(-2)).toMatch(
    new RegExp(`${retained?.id} .* was left running until .* cleanup ${retainedRun}`),
  );
  expect(fixture.lines.at(-1)).toBe('There is nothing to clean up.');
  await cleanup(elsewhere(fixture), null);
  expect(retained?.states).toEqual(['running']);

  await cleanup(elsewhere(fixture), retainedRun);
  expect(retained?.states).toEqual(['terminated']);
  expect(account.listBillable()).toEqual([expect.stringContaining('running')]);
});

test('cleanup skips a run of another machine, which may be active', async () => {
  const fixture = await createRunFixture();
  fixture.context.copy = async () => {
    await cleanup(elsewhere(fixture), null);
    return {};
  };
  await run(fixture.context, once);
  expect(fixture.lines.join('\n')).toMatch(
    /i-\w+ of the run \S+ was started from \S+\. To end it: /,
  );
  expect(fixture.aws.account.snapshots).toHaveLength(1);
});

test('cleanup skips a run of a folder with the same name on another machine with the same name', async () => {
  const fixture = await createRunFixture();
  const { account } = fixture.aws;
  fixture.context.copy = async () => {
    await rm(`${fixture.context.folder}/id`);
    await rm(`${fixture.context.folder}/claim.sock`);
    await cleanup(fixture.context, null);
    expect(account.listBillable()).not.toEqual([]);
    return {};
  };
  await run(fixture.context, once);
  expect(fixture.lines.join('\n')).toMatch(/was started from \S+@[0-9a-f]{16}\. To end it: /);
});

test('cleanup terminates the other instances after a failure, and reports the failure', async () => {
  const fixture = await createRunFixture();
  const { account } = fixture.aws;
  await run(fixture.context, once);
  const tags = {
    'minitwit:warehouse': fixture.volumeId,
    'minitwit:run': 'dead',
    'minitwit:from': originTag(fixture.context.folder),
  };
  const left = [1, 2].map(() => account.addInstance({ tags }));
  fixture.aws.fail('TerminateInstances', { code: 'OperationNotPermitted' });
  await expect(cleanup(fixture.context, null)).rejects.toThrow(
    /^Not everything could be removed\. .*\n {2}Cannot .*OperationNotPermitted/,
  );
  expect(new Set(left.map(({ states }) => states[0]))).toEqual(new Set(['running', 'terminated']));
  await cleanup(fixture.context, null);
  expectNothingLeft(fixture);
});

test('cleanup ends a run whose state file is missing or invalid', async () => {
  for (const damage of [rm, (path: string) => writeFile(path, '{"runId": 1}')]) {
    const fixture = await createRunFixture();
    fixture.at.copy = () => fixture.aws.expireCredentials();
    fixture.at['power-off'] = () => {
      throw new OperatorError('The connection is lost.');
    };
    await expect(run(fixture.context, once)).rejects.toThrow('This may still exist');
    expect(fixture.aws.account.listBillable()).toHaveLength(3);
    await damage(`${fixture.context.folder}/state.json`);
    fixture.aws.renewCredentials();
    await cleanup(fixture.context, null);
    expectNothingLeft(fixture);
  }
});

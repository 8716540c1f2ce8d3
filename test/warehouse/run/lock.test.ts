import { rm, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { OperatorError } from '../../../src/errors/operator-error.ts';
import { cleanup } from '../../../src/warehouse/commands/cleanup.ts';
import { run } from '../../../src/warehouse/commands/run.ts';
import { originTag } from '../../../src/warehouse/run/lock.ts';
import type { RunContext } from '../../../src/warehouse/context.ts';
import { expectNothingLeft } from './request-points.ts';
import { makeWorld, type World } from './fixture.ts';

/** The same account and volume, seen from another machine. */
function elsewhere({ context }: World): RunContext {
  return { ...context, folder: `${context.folder}/elsewhere` };
}

const once = { keep: false };

/** Two runs, neither of which starts an instance before both have found no other run. */
function runTogether(world: World): Promise<PromiseSettledResult<void>[]> {
  const bothHaveLooked = Promise.withResolvers<void>();
  let looking = 2;
  world.context.checkSourceAndBucket = () => {
    looking -= 1;
    if (looking === 0) bothHaveLooked.resolve();
    return bothHaveLooked.promise;
  };
  return Promise.allSettled([run(world.context, once), run(elsewhere(world), once)]);
}

test('a run is refused on a second machine, and the message names the first', async () => {
  const world = await makeWorld();
  let refusal: unknown;
  world.context.copy = async () => {
    refusal = await run(elsewhere(world), once).catch((error: unknown) => error);
    return {};
  };
  await run(world.context, once);
  const [instance, another] = world.aws.account.instances;
  expect(another).toBeUndefined();
  const runId = instance?.tags['minitwit:run'];
  expect(String(refusal)).toMatch(
    new RegExp(
      `${world.volumeId} is in use by the run ${runId}, on ${instance?.id} since .*finish.*cleanup ${runId}`,
    ),
  );
  expectNothingLeft(world);
});

test.each([1, 3])(
  'of two machines that start together one runs, seen only after %i polls',
  async (polls) => {
    const world = await makeWorld();
    world.aws.account.looksUnseen = polls;
    const outcomes = await runTogether(world);
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(world.aws.account.instances).toHaveLength(2);
    expect(world.aws.account.snapshots).toHaveLength(1);
    expectNothingLeft(world);
  },
);

test('of two machines that start together, the younger steps back before it attaches', async () => {
  const world = await makeWorld();
  world.aws.account.looksUnseen = 0;
  const outcomes = await runTogether(world);
  const refused = outcomes.find((outcome) => outcome.status === 'rejected');
  expect(String(refused?.reason)).toMatch(/is in use by the run/);
  expect(world.aws.asked.filter((action) => action === 'AttachVolume')).toHaveLength(1);
  expectNothingLeft(world);
});

test('a second command in the same folder is refused', async () => {
  const world = await makeWorld();
  const refusals: unknown[] = [];
  world.context.copy = async () => {
    refusals.push(await run(world.context, once).catch((error: unknown) => error));
    refusals.push(await cleanup(world.context, null).catch((error: unknown) => error));
    return {};
  };
  await run(world.context, once);
  const message =
    /A command of the warehouse is already running in this folder \(the run \w+-\w+\)\./;
  expect(refusals.map(String)).toEqual([
    expect.stringMatching(message),
    expect.stringMatching(message),
  ]);
});

test('cleanup spares what was kept, or was started elsewhere, until its run is named', async () => {
  const world = await makeWorld();
  const { account } = world.aws;
  account.addInstance({ tags: { Name: "another user's" } });
  await run(world.context, { keep: true });
  const kept = account.instances.at(-1);
  const keptRun = kept?.tags['minitwit:run'] ?? '';

  await cleanup(world.context, null);
  expect(world.lines.at(-2)).toMatch(
    new RegExp(`${kept?.id}, .* was kept until .* cleanup ${keptRun}`),
  );
  expect(world.lines.at(-1)).toBe('There is nothing to clean up.');
  await cleanup(elsewhere(world), null);
  expect(kept?.states).toEqual(['running']);

  await cleanup(elsewhere(world), keptRun);
  expect(kept?.states).toEqual(['terminated']);
  expect(account.billing()).toEqual([expect.stringContaining('running')]);
});

test('cleanup spares a run of another machine, which may be alive', async () => {
  const world = await makeWorld();
  world.context.copy = async () => {
    await cleanup(elsewhere(world), null);
    return {};
  };
  await run(world.context, once);
  expect(world.lines.join('\n')).toMatch(
    /i-\w+, of the run \S+, was started from \S+: if nobody needs it/,
  );
  expect(world.aws.account.snapshots).toHaveLength(1);
});

test('cleanup spares a run of another folder that has the same name on a machine of the same name', async () => {
  const world = await makeWorld();
  const { account } = world.aws;
  world.context.copy = async () => {
    await rm(`${world.context.folder}/id`);
    await rm(`${world.context.folder}/claim.sock`);
    await cleanup(world.context, null);
    expect(account.billing()).not.toEqual([]);
    return {};
  };
  await run(world.context, once);
  expect(world.lines.join('\n')).toMatch(/was started from \S+@[0-9a-f]{16}: if nobody needs it/);
});

test('cleanup goes on after an instance that it cannot terminate', async () => {
  const world = await makeWorld();
  const { account } = world.aws;
  await run(world.context, once);
  const tags = {
    'minitwit:warehouse': world.volumeId,
    'minitwit:run': 'dead',
    'minitwit:from': originTag(world.context.folder),
  };
  const left = [1, 2].map(() => account.addInstance({ tags }));
  world.aws.fail('TerminateInstances', { code: 'OperationNotPermitted' });
  await expect(cleanup(world.context, null)).rejects.toThrow(
    /^Not everything could be ended, .*:\n {2}Cannot .*OperationNotPermitted/,
  );
  expect(new Set(left.map(({ states }) => states[0]))).toEqual(new Set(['running', 'terminated']));
  await cleanup(world.context, null);
  expectNothingLeft(world);
});

test('cleanup needs no state file, and survives one that makes no sense', async () => {
  for (const damage of [rm, (path: string) => writeFile(path, '{"runId": 1}')]) {
    const world = await makeWorld();
    world.at.work = () => world.aws.expireCredentials();
    world.at['power-off'] = () => {
      throw new OperatorError('The connection is lost.');
    };
    await expect(run(world.context, once)).rejects.toThrow('This may still exist');
    expect(world.aws.account.billing()).toHaveLength(3);
    await damage(`${world.context.folder}/state.json`);
    world.aws.renewCredentials();
    await cleanup(world.context, null);
    expectNothingLeft(world);
  }
});

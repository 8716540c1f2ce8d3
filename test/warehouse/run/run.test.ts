import { existsSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { finish } from '../../../src/warehouse/commands/finish.ts';
import { run } from '../../../src/warehouse/commands/run.ts';
import { makeWorld, type World } from './fixture.ts';

/** What a run changed in AWS and did on the instance, in order. */
function watch({ aws, at }: World): string[] {
  const events: string[] = [];
  const actions = ['RunInstances', 'TerminateInstances', 'AttachVolume', 'DetachVolume'];
  for (const action of [...actions, 'CreateSnapshot', 'CreateTags']) {
    aws.before(action, () => events.push(action));
  }
  const points = ['connect', 'mount', 'start-mysql', 'work', 'stop-mysql', 'unmount'] as const;
  for (const point of [...points, 'power-off' as const, 'close' as const]) {
    at[point] = () => events.push(point);
  }
  return events;
}

const FIRST_HALF = ['RunInstances', 'connect', 'AttachVolume', 'mount', 'start-mysql', 'work'];
const SECOND_HALF = [
  'stop-mysql',
  'unmount',
  'DetachVolume',
  'power-off',
  'close',
  'CreateSnapshot',
];

test('a run does everything in its order, and leaves the volume and a snapshot', async () => {
  const world = await makeWorld();
  const events = watch(world);
  await run(world.context, { keep: false });
  expect(events).toEqual([...FIRST_HALF, ...SECOND_HALF, 'TerminateInstances']);
  const { account } = world.aws;
  expect(account.billing()).toEqual([]);
  const [instance] = account.instances;
  expect(instance).toMatchObject({
    zone: 'us-east-1a',
    shutdownBehavior: 'terminate',
    httpTokens: 'required',
    userData: '#!/bin/sh\nshutdown -h +510\n',
    tags: { Name: 'minitwit-warehouse', 'minitwit:warehouse': world.volumeId },
  });
  expect(account.snapshots).toMatchObject([
    {
      volumeId: world.volumeId,
      states: ['completed'],
      tags: {
        Name: 'minitwit-warehouse',
        'minitwit:warehouse': world.volumeId,
        'minitwit:run': instance?.tags['minitwit:run'],
        'minitwit:rows-message': '42',
      },
    },
  ]);
  expect(existsSync(join(world.context.folder, 'state.json'))).toBe(false);
  expect(world.lines.join('\n')).toMatch(/pending.*running|not known yet/s);
});

test('a run that is kept costs on until it is finished', async () => {
  const world = await makeWorld();
  const events = watch(world);
  await run(world.context, { keep: true });
  expect(events).toEqual([...FIRST_HALF, 'CreateTags', 'close']);
  expect(world.aws.account.billing()).toHaveLength(3);
  const said = world.lines.join('\n');
  expect(said).toContain('npm run warehouse -- finish');
  expect(said).toMatch(/ssh -N .* -L 127\.0\.0\.1:3307:\S+ ec2-user@127\.0\.0\.1/);
  expect(said).not.toContain('not to be seen');
  const state = join(world.context.folder, 'state.json');
  expect(statSync(state).mode & 0o777).toBe(0o600);
  expect(await readFile(state, 'utf8')).not.toContain('not to be seen');

  events.length = 0;
  // The console output of an old instance may be gone.
  world.aws.fail('GetConsoleOutput', { times: 1000 });
  await finish(world.context);
  expect(events).toEqual(['connect', ...SECOND_HALF, 'TerminateInstances']);
  expect(world.aws.account.billing()).toEqual([]);
  expect(world.aws.account.snapshots).toHaveLength(1);
  await finish(world.context);
  expect(world.lines.at(-1)).toMatch(/no run to finish/);
});

test('a run is refused as long as another of the same folder has not ended', async () => {
  const world = await makeWorld();
  const { aws, context } = world;
  await run(context, { keep: true });
  const [instance] = aws.account.instances;
  const { id: volumeId } = aws.account.addVolume();
  const next = { ...context, config: { ...context.config, volumeId } };
  await expect(run(next, { keep: false })).rejects.toThrow(
    new RegExp(`${instance?.tags['minitwit:run']}, on ${world.volumeId}, .*finish.*cleanup`),
  );
  await finish(context);
  expect(aws.account.billing()).toEqual([]);
  expect(aws.account.snapshots).toMatchObject([{ volumeId: world.volumeId }]);
});

test('`run --keep` warns that AWS may take a spot instance back', async () => {
  const { context, lines } = await makeWorld();
  context.config.market = 'spot';
  await run(context, { keep: true });
  expect(lines.join('\n')).toMatch(/AWS may take a spot instance back at any time/);
});

import { existsSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { finish } from '../../../src/warehouse/commands/finish.ts';
import { run } from '../../../src/warehouse/commands/run.ts';
import { createRunFixture, type RunFixture } from './fixture.ts';

/** Returns a list of the changes that a run makes in AWS and on the instance, in order. */
function watch({ aws, at }: RunFixture): string[] {
  const events: string[] = [];
  const actions = ['RunInstances', 'TerminateInstances', 'AttachVolume', 'DetachVolume'];
  for (const action of [...actions, 'CreateSnapshot', 'CreateTags']) {
    aws.onRequest(action, () => events.push(action));
  }
  const points = ['connect', 'mount', 'start-mysql', 'copy', 'stop-mysql', 'unmount'] as const;
  for (const point of [...points, 'power-off' as const, 'close' as const]) {
    at[point] = () => events.push(point);
  }
  return events;
}

const FIRST_HALF = ['RunInstances', 'connect', 'AttachVolume', 'mount', 'start-mysql', 'copy'];
const SECOND_HALF = [
  'stop-mysql',
  'unmount',
  'DetachVolume',
  'power-off',
  'close',
  'CreateSnapshot',
];

test('an instance of a type without CPU credits is launched without them', async () => {
  const { aws, context } = await createRunFixture();
  context.config.instanceType = 'm5.large';
  await run(context, { keep: false });
  expect(aws.account.instances).toMatchObject([{ type: 'm5.large', cpuCredits: '' }]);
});

test('a run executes all steps in order, and only the volume and a snapshot remain', async () => {
  const fixture = await createRunFixture();
  const events = watch(fixture);
  await run(fixture.context, { keep: false });
  expect(events).toEqual([...FIRST_HALF, ...SECOND_HALF, 'TerminateInstances']);
  const { account } = fixture.aws;
  expect(account.listBillable()).toEqual([]);
  const [instance] = account.instances;
  expect(instance).toMatchObject({
    zone: 'us-east-1a',
    shutdownBehavior: 'terminate',
    httpTokens: 'required',
    cpuCredits: 'standard',
    userData: expect.stringMatching(/^export END_AFTER_MINUTES='510'$/m),
    tags: { Name: 'minitwit-warehouse', 'minitwit:warehouse': fixture.volumeId },
  });
  expect(account.snapshots).toMatchObject([
    {
      volumeId: fixture.volumeId,
      states: ['completed'],
      tags: {
        Name: 'minitwit-warehouse',
        'minitwit:warehouse': fixture.volumeId,
        'minitwit:run': instance?.tags['minitwit:run'],
        'minitwit:rows-message': '42',
      },
    },
  ]);
  expect(existsSync(join(fixture.context.folder, 'state.json'))).toBe(false);
  expect(fixture.lines.join('\n')).toMatch(/: pending/);
});

test('the instance of `run --keep` runs until `finish`', async () => {
  const fixture = await createRunFixture();
  const events = watch(fixture);
  await run(fixture.context, { keep: true });
  expect(events).toEqual([...FIRST_HALF, 'CreateTags', 'close']);
  expect(fixture.aws.account.listBillable()).toHaveLength(3);
  const output = fixture.lines.join('\n');
  expect(output).toContain('npm run warehouse -- finish');
  expect(output).toMatch(/ssh -N .* -L 127\.0\.0\.1:3307:\S+ ec2-user@127\.0\.0\.1/);
  expect(output).not.toContain('not to be seen');
  const state = join(fixture.context.folder, 'state.json');
  expect(statSync(state).mode & 0o777).toBe(0o600);
  expect(await readFile(state, 'utf8')).not.toContain('not to be seen');

  events.length = 0;
  // The console output of an old instance may be gone.
  fixture.aws.fail('GetConsoleOutput', { times: 1000 });
  await finish(fixture.context);
  expect(events).toEqual(['connect', ...SECOND_HALF, 'TerminateInstances']);
  expect(fixture.aws.account.listBillable()).toEqual([]);
  expect(fixture.aws.account.snapshots).toHaveLength(1);
  await finish(fixture.context);
  expect(fixture.lines.at(-1)).toMatch(/no run to finish/);
});

test('a run is refused until the previous run of the folder has ended', async () => {
  const fixture = await createRunFixture();
  const { aws, context } = fixture;
  await run(context, { keep: true });
  const [instance] = aws.account.instances;
  const { id: volumeId } = aws.account.addVolume();
  const next = { ...context, config: { ...context.config, volumeId } };
  await expect(run(next, { keep: false })).rejects.toThrow(
    new RegExp(`${instance?.tags['minitwit:run']} on ${fixture.volumeId} .*finish.*cleanup`),
  );
  await finish(context);
  expect(aws.account.listBillable()).toEqual([]);
  expect(aws.account.snapshots).toMatchObject([{ volumeId: fixture.volumeId }]);
});

test('`run --keep` warns that AWS may take a spot instance back', async () => {
  const { context, lines } = await createRunFixture();
  context.config.market = 'spot';
  await run(context, { keep: true });
  expect(lines.join('\n')).toMatch(/AWS may take a spot instance back at any time/);
});

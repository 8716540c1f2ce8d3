import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { run } from '../../../src/warehouse/commands/run.ts';
import { outcomeOf } from './interruptions.ts';
import { makeWorld } from './fixture.ts';

test('when credentials expire, the instance is shut down over ssh', async () => {
  const world = await makeWorld();
  world.at.work = () => world.aws.expireCredentials();
  expect(await outcomeOf(run(world.context, { keep: false }))).toMatch(/RequestExpired/);
  expect(world.passed.slice(-4)).toEqual(['stop-mysql', 'unmount', 'power-off', 'close']);
  expect(world.aws.account.billing()).toEqual([]);
  expect(world.aws.account.volumes).toMatchObject([{ id: world.volumeId, attachment: null }]);
});

test('the operator reads exactly what cannot be undone, at once, and how to remove it', async () => {
  const world = await makeWorld();
  world.at.work = () => world.aws.expireCredentials();
  const message = await outcomeOf(run(world.context, { keep: false }));
  const id = world.aws.account.instances[0]?.id ?? '';
  const indexOf = (text: string) => world.lines.findIndex((line) => line.includes(text));
  expect(indexOf(`exist: the instance ${id}`)).toBeGreaterThan(0);
  expect(indexOf(`exist: the instance ${id}`)).toBeLessThan(indexOf('exist: vol-'));
  expect(message).toMatch(/Not everything could be undone:\n.*RequestExpired.*log in again/);
  expect(message).toContain('This may still exist:');
  expect(message).toMatch(
    new RegExp(
      `the instance ${id}, which costs \\(it ends by itself at .*\\): aws ec2 terminate-instances --instance-ids ${id}`,
    ),
  );
  expect(message).toMatch(/no snapshot of that: aws ec2 create-snapshot --volume-id vol-/);
  expect(existsSync(join(world.context.folder, 'state.json'))).toBe(true);
});

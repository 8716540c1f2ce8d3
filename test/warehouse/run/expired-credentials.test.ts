import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { run } from '../../../src/warehouse/commands/run.ts';
import { outcomeOf } from './interruptions.ts';
import { createRunFixture } from './fixture.ts';

test('the instance is shut down over ssh when the credentials expire', async () => {
  const fixture = await createRunFixture();
  fixture.at.copy = () => fixture.aws.expireCredentials();
  expect(await outcomeOf(run(fixture.context, { keep: false }))).toMatch(/RequestExpired/);
  expect(fixture.passed.slice(-4)).toEqual(['stop-mysql', 'unmount', 'power-off', 'close']);
  expect(fixture.aws.account.listBillable()).toEqual([]);
  expect(fixture.aws.account.volumes).toMatchObject([{ id: fixture.volumeId, attachment: null }]);
});

test('a run lists each resource that may still exist at once, with the command that removes it', async () => {
  const fixture = await createRunFixture();
  fixture.at.copy = () => fixture.aws.expireCredentials();
  const message = await outcomeOf(run(fixture.context, { keep: false }));
  const id = fixture.aws.account.instances[0]?.id ?? '';
  const indexOf = (text: string) => fixture.lines.findIndex((line) => line.includes(text));
  expect(indexOf(`exist: the instance ${id}`)).toBeGreaterThan(0);
  expect(indexOf(`exist: the instance ${id}`)).toBeLessThan(indexOf('exist: the new data on vol-'));
  expect(message).toMatch(/Not everything could be undone:\n.*RequestExpired.*log in again/);
  expect(message).toContain('This may still exist:');
  expect(message).toMatch(
    new RegExp(
      `the instance ${id}, which costs \\(it ends by itself at .*\\): aws ec2 terminate-instances --instance-ids ${id}`,
    ),
  );
  expect(message).toMatch(
    /has no snapshot\. To take one: aws ec2 create-snapshot --volume-id vol-/,
  );
  expect(existsSync(join(fixture.context.folder, 'state.json'))).toBe(true);
});

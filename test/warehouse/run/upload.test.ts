import { expect, test } from 'vitest';
import { run } from '../../../src/warehouse/commands/run.ts';
import { OperatorError } from '../../../src/errors/operator-error.ts';
import { makeWorld } from './fixture.ts';

test('an upload that fails, fails the run, and costs no snapshot', async () => {
  const world = await makeWorld();
  world.at.upload = () => {
    throw new OperatorError('No S3 today.');
  };
  await expect(run(world.context, { keep: false })).rejects.toThrow('No S3 today.');
  const { account } = world.aws;
  expect(account.billing()).toEqual([]);
  expect(account.snapshots).toMatchObject([
    { states: ['completed'], tags: { 'minitwit:rows-message': '42' } },
  ]);
});

test('what is uploaded is what the work has made', async () => {
  const world = await makeWorld();
  const asked: unknown[] = [];
  world.context.upload = async (warehouse, { id, results }) =>
    void asked.push(warehouse.name, id, results);
  await run(world.context, { keep: false });
  const runId = world.aws.account.snapshots[0]?.tags['minitwit:run'];
  expect(asked).toEqual(['minitwit', runId, { 'minitwit:rows-message': '42' }]);
});

import { expect, test } from 'vitest';
import { run } from '../../../src/warehouse/commands/run.ts';
import { OperatorError } from '../../../src/errors/operator-error.ts';
import { createRunFixture } from './fixture.ts';

test('a run whose upload fails takes a snapshot, and fails', async () => {
  const fixture = await createRunFixture();
  fixture.at.upload = () => {
    throw new OperatorError('The upload failed.');
  };
  await expect(run(fixture.context, { keep: false })).rejects.toThrow('The upload failed.');
  const { account } = fixture.aws;
  expect(account.listBillable()).toEqual([]);
  expect(account.snapshots).toMatchObject([
    { states: ['completed'], tags: { 'minitwit:rows-message': '42' } },
  ]);
});

test('the uploader receives the results of the copy job', async () => {
  const fixture = await createRunFixture();
  const received: unknown[] = [];
  fixture.context.upload = async (warehouse, { id, results }) =>
    void received.push(warehouse.name, id, results);
  await run(fixture.context, { keep: false });
  const runId = fixture.aws.account.snapshots[0]?.tags['minitwit:run'];
  expect(received).toEqual(['minitwit', runId, { 'minitwit:rows-message': '42' }]);
});

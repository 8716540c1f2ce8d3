import { expect, test } from 'vitest';
import { run } from '../../../src/warehouse/commands/run.ts';
import { OperatorError } from '../../../src/errors/operator-error.ts';
import { createRunFixture } from './fixture.ts';

test('an upload that fails, fails the run, and costs no snapshot', async () => {
  const fixture = await createRunFixture();
  fixture.at.upload = () => {
    throw new OperatorError('No S3 today.');
  };
  await expect(run(fixture.context, { keep: false })).rejects.toThrow('No S3 today.');
  const { account } = fixture.aws;
  expect(account.listBillable()).toEqual([]);
  expect(account.snapshots).toMatchObject([
    { states: ['completed'], tags: { 'minitwit:rows-message': '42' } },
  ]);
});

test('what is uploaded is what the work has made', async () => {
  const fixture = await createRunFixture();
  const asked: unknown[] = [];
  fixture.context.upload = async (warehouse, { id, results }) =>
    void asked.push(warehouse.name, id, results);
  await run(fixture.context, { keep: false });
  const runId = fixture.aws.account.snapshots[0]?.tags['minitwit:run'];
  expect(asked).toEqual(['minitwit', runId, { 'minitwit:rows-message': '42' }]);
});

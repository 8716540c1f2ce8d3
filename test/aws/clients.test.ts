import { expect, test } from 'vitest';
import { findVolume } from '../../src/aws/ec2/volumes.ts';
import { openEc2 } from '../support/ec2-client.ts';
import { type Fault, startFakeEc2 } from '../support/fake-ec2/fake-ec2.ts';

test.each<[string, Partial<Fault>]>([
  ['throttled', { code: 'RequestLimitExceeded', status: 503, times: 5 }],
  ['answered with a server error', { status: 500, times: 5 }],
  ['cut off', { kind: 'lost', times: 5 }],
])('a request that is %s is sent again, six times at most', async (_, fault) => {
  const aws = await startFakeEc2();
  const { id } = aws.account.addVolume();
  aws.fail('DescribeVolumes', fault);
  expect(await findVolume(openEc2(), id)).toMatchObject({ id, state: 'available' });
  expect(aws.actions).toHaveLength(6);
});

test('a request that is not answered in time is sent again', async () => {
  const aws = await startFakeEc2();
  const { id } = aws.account.addVolume();
  aws.fail('DescribeVolumes', { kind: 'hang' });
  expect(await findVolume(openEc2(500), id)).toMatchObject({ id, state: 'available' });
  expect(aws.actions.length).toBeGreaterThan(1);
});

test('a request that is cut off six times fails with what happened', async () => {
  const aws = await startFakeEc2();
  const { id } = aws.account.addVolume();
  aws.fail('DescribeVolumes', { kind: 'lost', times: 6 });
  await expect(findVolume(openEc2(), id)).rejects.toThrow(
    /^Cannot read the volume vol-\w+: AWS cannot be reached \(.+\)\.$/,
  );
  expect(aws.actions).toHaveLength(6);
});

test('a request that is refused is not sent again', async () => {
  const aws = await startFakeEc2();
  aws.fail('DescribeVolumes', { code: 'UnauthorizedOperation', status: 403 });
  await expect(findVolume(openEc2(), 'vol-1')).rejects.toThrow(/AWS returned Unauthorized/);
  expect(aws.actions).toHaveLength(1);
});

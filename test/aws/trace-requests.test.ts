import { expect, test } from 'vitest';
import { findVolume } from '../../src/aws/ec2/volumes.ts';
import { traceRequests } from '../../src/aws/trace-requests.ts';
import { openEc2 } from '../support/ec2-client.ts';
import { startFakeEc2 } from '../support/fake-ec2/fake-ec2.ts';

async function openTrace() {
  const aws = await startFakeEc2();
  const { id } = aws.account.addVolume();
  const ec2 = openEc2();
  const lines: string[] = [];
  traceRequests([ec2], (line) => void lines.push(line.replace(/\d+ ms/, 'N ms')));
  return { aws, lines, find: () => findVolume(ec2, id) };
}

test('a trace has the result, the attempts and the id of a request, and no values', async () => {
  const { aws, lines, find } = await openTrace();
  aws.fail('DescribeVolumes', { code: 'RequestLimitExceeded', status: 503, times: 1 });
  await find();
  expect(lines).toEqual([
    expect.stringMatching(/^EC2 DescribeVolumes: 200, attempts 2, N ms, request id \S+$/),
  ]);
});

test('a trace has the error of a request', async () => {
  const { aws, lines, find } = await openTrace();
  aws.fail('DescribeVolumes', { code: 'UnauthorizedOperation', status: 403 });
  await expect(find()).rejects.toThrow('UnauthorizedOperation');
  expect(lines).toEqual([
    expect.stringMatching(/^EC2 DescribeVolumes: 403 UnauthorizedOperation, attempts 1, N ms, /),
  ]);
});

test('a trace has the network error of a request without a response', async () => {
  const { aws, lines, find } = await openTrace();
  aws.fail('DescribeVolumes', { kind: 'lost', times: 6 });
  await expect(find()).rejects.toThrow('AWS cannot be reached');
  expect(lines).toEqual([
    expect.stringMatching(/^EC2 DescribeVolumes: no response \S.*, attempts 6, N ms, /),
  ]);
});

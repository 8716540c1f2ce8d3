import { buffer } from 'node:stream/consumers';
import type { S3Client } from '@aws-sdk/client-s3';
import { expect, onTestFinished, test } from 'vitest';
import { findDump } from '../../../src/warehouse/bucket/dumps.ts';
import { checkBucket, createS3 } from '../../../src/warehouse/bucket/s3.ts';
import { startAwsStub } from '../../support/aws-stub.ts';
import type { AwsResponse, AwsRequest } from '../../support/aws-request.ts';

const bucket = 'minitwit-warehouse';
const run = '20261123T001500Z-3f9a';

/** A client of an S3 that answers like this. */
async function openS3(answer: (request: AwsRequest) => AwsResponse): Promise<S3Client> {
  await startAwsStub(answer);
  const client = createS3();
  onTestFinished(() => client.destroy());
  return client;
}

test.for([
  [
    301,
    { 'x-amz-bucket-region': 'eu-west-1' },
    /^WAREHOUSE_BUCKET: .* is in the region eu-west-1, but the region in use is us-east-1\.$/,
  ],
  [400, { 'x-amz-bucket-region': 'eu-west-1' }, /is in the region eu-west-1/],
  [
    403,
    { 'x-amz-bucket-region': 'us-east-1' },
    /^WAREHOUSE_BUCKET: .* belongs to another account, or the IAM policy .* is missing\.$/,
  ],
  [418, {}, /^Cannot read the bucket minitwit-warehouse: AWS returned /],
] as const)('a bucket that answers %d is reported', async ([status, headers, message]) => {
  const client = await openS3(() => ({ status, headers, body: '' }));
  await expect(checkBucket(client, bucket)).rejects.toThrow(message);
});

test('a checksum detects a change in the bucket', async () => {
  const list = `<ListBucketResult><Contents><Key>runs/${run}/dump.sql.gz</Key></Contents></ListBucketResult>`;
  const changed = { headers: { 'x-amz-checksum-crc32': 'AAAAAA==' }, body: 'changed' };
  const client = await openS3(({ path }) => ({
    status: 200,
    ...(path.includes('list-type=2') ? { body: list } : changed),
  }));
  const stored = await findDump(client, bucket, run);
  await expect(stored.open().then(buffer)).rejects.toThrow(/checksum/i);
});

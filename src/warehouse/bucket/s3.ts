import {
  AbortMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadBucketCommand,
  S3Client,
  type S3ServiceException,
} from '@aws-sdk/client-s3';
import { withAwsError } from '../../aws/errors.ts';
import { OperatorError } from '../../errors/operator-error.ts';

const ATTEMPTS_MAX = 6;
const CONNECT_MAX_MS = 5000;
const SILENCE_MAX_MS = 60_000;

/**
 * How everything is stored: with S3's own keys, which cost nothing and need no further rights. (A bucket whose policy
 * asks for others refuses, which `checkBucket` finds out.)
 */
export const ENCRYPTION = { ServerSideEncryption: 'AES256' } as const;

/**
 * Opens a client of S3's. Account, region and endpoint are found as AWS's SDK finds them. It repeats by itself what
 * was throttled, answered with 5xx, or lost on the way. It keeps connections, and the process, until `destroy()`.
 */
export function createS3(): S3Client {
  return new S3Client({
    maxAttempts: ATTEMPTS_MAX,
    requestHandler: { connectionTimeout: CONNECT_MAX_MS, socketTimeout: SILENCE_MAX_MS },
  });
}

/**
 * Finds out whether a run may be stored in a bucket, before anything costs money. To know that, it begins an
 * upload and abandons it, which leaves nothing behind.
 * @throws OperatorError when there is no such bucket, when it is in another region or another's, and when we may
 *   not write to it
 */
export async function checkBucket(s3: S3Client, bucket: string): Promise<void> {
  try {
    await s3.send(new HeadBucketCommand({ Bucket: bucket }));
  } catch (error) {
    // the answer to such a request has no text, and so no name of an error
    const problem = await findBucketProblem(s3, bucket, error as S3ServiceException);
    if (problem === null)
      await withAwsError(`Cannot look at the bucket ${bucket}`, Promise.reject(error));
    throw new OperatorError(`WAREHOUSE_BUCKET: ${problem}.`, { cause: error });
  }
  const place = { Bucket: bucket, Key: 'runs/check' };
  const { UploadId } = await withAwsError(
    `Cannot write to the bucket ${bucket}`,
    s3.send(new CreateMultipartUploadCommand({ ...place, ...ENCRYPTION })),
  );
  await withAwsError(
    `Cannot abandon an upload to the bucket ${bucket}`,
    s3.send(new AbortMultipartUploadCommand({ ...place, UploadId })),
  );
}

async function findBucketProblem(
  s3: S3Client,
  bucket: string,
  { $metadata, $response }: S3ServiceException,
): Promise<string | null> {
  const region = $response?.headers['x-amz-bucket-region'];
  const ours = await s3.config.region();
  if (region !== undefined && region !== ours) {
    return `the bucket ${bucket} is in the region ${region}, and this works in ${ours}`;
  }
  const status = $metadata?.httpStatusCode;
  if (status === 404) return `there is no bucket ${bucket}: create it, or correct the name`;
  if (status !== 403) return null;
  return `the bucket ${bucket} is another's, or the IAM policy in docs/warehouse.md is missing`;
}

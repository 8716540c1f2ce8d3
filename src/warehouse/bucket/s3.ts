import {
  AbortMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadBucketCommand,
  S3Client,
  type S3ServiceException,
} from '@aws-sdk/client-s3';
import { ATTEMPTS_MAX, CONNECT_MAX_MS } from '../../aws/clients.ts';
import { withAwsError } from '../../aws/errors.ts';
import { OperatorError } from '../../errors/operator-error.ts';

const SOCKET_IDLE_TIMEOUT_MS = 60_000;

/**
 * The encryption of every object: with S3's own keys, which are free and need no further rights. A bucket whose policy
 * requires other keys refuses uploads, which `checkBucket` detects.
 */
export const ENCRYPTION = { ServerSideEncryption: 'AES256' } as const;

/**
 * Creates an S3 client with the account, region and endpoint of the environment. It retries requests that were
 * throttled, lost, or answered with 5xx. Its connections let the process run until `destroy()`.
 */
export function createS3(): S3Client {
  return new S3Client({
    maxAttempts: ATTEMPTS_MAX,
    requestHandler: { connectionTimeout: CONNECT_MAX_MS, socketTimeout: SOCKET_IDLE_TIMEOUT_MS },
  });
}

/**
 * Checks that a run can be stored in a bucket: starts an upload and aborts it, which stores nothing.
 * @throws OperatorError if the bucket does not exist, is in another region, belongs to another account, or is not
 *   writable
 */
export async function checkBucket(s3: S3Client, bucket: string): Promise<void> {
  try {
    await s3.send(new HeadBucketCommand({ Bucket: bucket }));
  } catch (error) {
    // The response to HEAD has no body, and so no error code.
    const problem = await findBucketProblem(s3, bucket, error as S3ServiceException);
    if (problem === null)
      await withAwsError(`Cannot read the bucket ${bucket}`, Promise.reject(error));
    throw new OperatorError(`WAREHOUSE_BUCKET: ${problem}.`, { cause: error });
  }
  const place = { Bucket: bucket, Key: 'runs/check' };
  const { UploadId } = await withAwsError(
    `Cannot write to the bucket ${bucket}`,
    s3.send(new CreateMultipartUploadCommand({ ...place, ...ENCRYPTION })),
  );
  await withAwsError(
    `Cannot abort an upload to the bucket ${bucket}`,
    s3.send(new AbortMultipartUploadCommand({ ...place, UploadId })),
  );
}

async function findBucketProblem(
  s3: S3Client,
  bucket: string,
  { $metadata, $response }: S3ServiceException,
): Promise<string | null> {
  const region = $response?.headers['x-amz-bucket-region'];
  const ownRegion = await s3.config.region();
  if (region !== undefined && region !== ownRegion) {
    return `the bucket ${bucket} is in the region ${region}, but the region in use is ${ownRegion}`;
  }
  const status = $metadata?.httpStatusCode;
  if (status === 404) return `the bucket ${bucket} does not exist. Create it, or correct the name`;
  if (status !== 403) return null;
  return `the bucket ${bucket} belongs to another account, or the IAM policy that docs/warehouse.md names is missing`;
}

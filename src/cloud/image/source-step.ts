import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { withAwsError, nullIfAwsError } from '../../aws/errors.ts';
import { beginWith, type BuildContext, type BuildStep, sayLeft } from './build.ts';
import { bucketOf, SOURCE_KEY } from './requests.ts';

const URL_MAX_S = 60 * 60;

/** Puts the source where the builder can fetch it, in a bucket of its own, which is private; undone, both are gone. */
export const source: BuildStep = {
  name: 'source',
  runMessage: 'Putting the source into a bucket',
  run: async (build) => {
    const { s3 } = build.clients;
    const Bucket = bucketOf(build.runId);
    const making = withAwsError(
      `Cannot make the bucket ${Bucket}`,
      s3.send(new CreateBucketCommand({ Bucket })),
    );
    await beginWith(build, 'source', nullIfAwsError('BucketAlreadyOwnedByYou', making));
    const Body = build.plan.source.archive;
    const putting = s3.send(new PutObjectCommand({ Bucket, Key: SOURCE_KEY, Body }));
    await withAwsError(`Cannot put the source into ${Bucket}`, putting);
  },
  undo: async ({ clients: { s3 }, runId }) => {
    const Bucket = bucketOf(runId);
    const attempt = `Cannot delete the bucket ${Bucket}`;
    const object = new DeleteObjectCommand({ Bucket, Key: SOURCE_KEY });
    await nullIfAwsError('NoSuchBucket', withAwsError(attempt, s3.send(object)));
    await nullIfAwsError(
      'NoSuchBucket',
      withAwsError(attempt, s3.send(new DeleteBucketCommand({ Bucket }))),
    );
  },
  formatOrphans: ({ runId }) => [sayLeft(`the bucket ${bucketOf(runId)}`)],
};

/** An address at which the source can be fetched without any right to S3, for an hour. */
export function signSource({ clients, runId }: BuildContext): Promise<string> {
  const request = new GetObjectCommand({ Bucket: bucketOf(runId), Key: SOURCE_KEY });
  return getSignedUrl(clients.s3, request, { expiresIn: URL_MAX_S });
}

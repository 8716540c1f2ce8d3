import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { nullIfAwsError, withAwsError } from '../../aws/errors.ts';
import { formatRequest } from '../../aws/format-request.ts';
import { type BuildContext, type BuildStep, createFirstResource, formatOrphan } from './build.ts';
import { sourceBucketName, SOURCE_KEY } from './requests.ts';

const URL_MAX_S = 60 * 60;

/** Uploads the source to a new private bucket, from which the builder downloads it. */
export const source: BuildStep = {
  name: 'source',
  runMessage: 'Uploading the source to a bucket',
  run: async (build) => {
    const { s3 } = build.clients;
    const Bucket = sourceBucketName(build.runId);
    const created = withAwsError(
      `Cannot create the bucket ${Bucket}`,
      s3.send(new CreateBucketCommand({ Bucket })),
    );
    await createFirstResource(build, 'source', nullIfAwsError('BucketAlreadyOwnedByYou', created));
    const Body = build.plan.source.archive;
    const uploaded = s3.send(new PutObjectCommand({ Bucket, Key: SOURCE_KEY, Body }));
    await withAwsError(`Cannot upload the source to ${Bucket}`, uploaded);
  },
  undo: async ({ clients: { s3 }, runId }) => {
    const Bucket = sourceBucketName(runId);
    const requests = [
      () => s3.send(new DeleteObjectCommand({ Bucket, Key: SOURCE_KEY })),
      () => s3.send(new DeleteBucketCommand({ Bucket })),
    ];
    for (const send of requests) {
      const deleted = withAwsError(`Cannot delete the bucket ${Bucket}`, send());
      await nullIfAwsError('NoSuchBucket', deleted);
    }
  },
  formatOrphans: ({ runId }) => [formatOrphan(`the bucket ${sourceBucketName(runId)}`)],
  plan: ({ runId, plan }) => {
    const bucket = { Bucket: sourceBucketName(runId) };
    const object = { ...bucket, Key: SOURCE_KEY };
    return {
      run: [
        formatRequest('CreateBucket', bucket),
        `${formatRequest('PutObject', object)} (${plan.source.archive.length} bytes)`,
      ],
      undo: [formatRequest('DeleteObject', object), formatRequest('DeleteBucket', bucket)],
    };
  },
};

/** Returns a URL from which the source can be downloaded without credentials for an hour. */
export function signSource({ clients, runId }: BuildContext): Promise<string> {
  const request = new GetObjectCommand({ Bucket: sourceBucketName(runId), Key: SOURCE_KEY });
  return getSignedUrl(clients.s3, request, { expiresIn: URL_MAX_S });
}

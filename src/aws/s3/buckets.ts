import {
  DeleteBucketCommand,
  DeleteObjectsCommand,
  GetBucketTaggingCommand,
  ListBucketsCommand,
  ListObjectVersionsCommand,
  type ObjectIdentifier,
  type S3Client,
} from '@aws-sdk/client-s3';
import { z } from 'zod';
import { type Tags, tagsSchema } from '../ec2/tags.ts';
import { withAwsError, awsErrorName } from '../errors.ts';
import { OperatorError } from '../../errors/operator-error.ts';

const bucketsAnswer = z.object({
  Buckets: z.array(z.object({ Name: z.string() })).default([]),
  ContinuationToken: z.string().optional(),
});

/** Lists the names of the buckets in the client's region that begin with a prefix. */
export async function listBucketNames(s3: S3Client, prefix: string): Promise<string[]> {
  const region = await s3.config.region();
  const found: string[] = [];
  let token: string | undefined;
  do {
    const page = {
      Prefix: prefix,
      BucketRegion: region,
      ContinuationToken: token,
      MaxBuckets: 1000,
    };
    const answer = await withAwsError(
      'Cannot look for buckets',
      s3.send(new ListBucketsCommand(page)),
    );
    const { Buckets, ContinuationToken } = bucketsAnswer.parse(answer);
    found.push(...Buckets.map(({ Name }) => Name).filter((name) => name.startsWith(prefix)));
    token = ContinuationToken;
  } while (token);
  return found;
}

/** Returns the tags of a bucket. A bucket that does not exist has none. */
export async function readBucketTags(s3: S3Client, bucket: string): Promise<Tags> {
  try {
    const request = s3.send(new GetBucketTaggingCommand({ Bucket: bucket }));
    const answer = await withAwsError(`Cannot read the tags of the bucket ${bucket}`, request);
    return tagsSchema.parse(answer.TagSet);
  } catch (error) {
    if (['NoSuchTagSet', 'NoSuchBucket'].includes(awsErrorName(error) ?? '')) return {};
    throw error;
  }
}

const entriesAnswer = z
  .array(z.object({ Key: z.string(), VersionId: z.string(), Size: z.number().default(0) }))
  .default([]);

const versionsAnswer = z.object({
  Versions: entriesAnswer,
  // what says that an object is deleted is an entry of its own
  DeleteMarkers: entriesAnswer,
  NextKeyMarker: z.string().optional(),
  NextVersionIdMarker: z.string().optional(),
});

/** Gives all that is in a bucket, page by page: every version of every object. */
async function* readVersions(s3: S3Client, bucket: string) {
  let next: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } = {};
  do {
    const request = s3.send(new ListObjectVersionsCommand({ Bucket: bucket, ...next }));
    const answer = await withAwsError(`Cannot look into the bucket ${bucket}`, request);
    const { Versions, DeleteMarkers, NextKeyMarker, NextVersionIdMarker } =
      versionsAnswer.parse(answer);
    yield [...Versions, ...DeleteMarkers];
    next = { KeyMarker: NextKeyMarker, VersionIdMarker: NextVersionIdMarker };
  } while (next.KeyMarker);
}

/** How much a bucket holds, older versions included. */
export async function measureBucket(s3: S3Client, bucket: string): Promise<number> {
  let bytes = 0;
  for await (const entries of readVersions(s3, bucket)) {
    for (const { Size } of entries) bytes += Size;
  }
  return bytes;
}

/** Removes a bucket with everything that is in it; one that is gone already is fine. */
export async function removeBucket(s3: S3Client, bucket: string): Promise<void> {
  try {
    for await (const entries of readVersions(s3, bucket)) {
      const objects = entries.map(({ Key, VersionId }) => ({ Key, VersionId }));
      if (objects.length > 0) await deleteObjects(s3, bucket, objects);
    }
    const request = s3.send(new DeleteBucketCommand({ Bucket: bucket }));
    await withAwsError(`Cannot delete the bucket ${bucket}`, request);
  } catch (error) {
    if (awsErrorName(error) !== 'NoSuchBucket') throw error;
  }
}

/** At most the 1000 that a page has. AWS answers well when it could not delete some. */
async function deleteObjects(s3: S3Client, bucket: string, objects: ObjectIdentifier[]) {
  const request = new DeleteObjectsCommand({
    Bucket: bucket,
    Delete: { Objects: objects, Quiet: true },
  });
  const { Errors = [] } = await withAwsError(`Cannot empty the bucket ${bucket}`, s3.send(request));
  const [first] = Errors;
  if (!first) return;
  throw new OperatorError(
    `Cannot empty the bucket ${bucket}: AWS says ${first.Code} of ${first.Key}: ${first.Message}`,
  );
}

import {
  DeleteBucketCommand,
  DeleteObjectsCommand,
  GetBucketTaggingCommand,
  ListObjectVersionsCommand,
  type ObjectIdentifier,
  paginateListBuckets,
  type S3Client,
} from '@aws-sdk/client-s3';
import { z } from 'zod';
import { OperatorError } from '../../errors/operator-error.ts';
import { type Tags, tagsSchema } from '../tags.ts';
import { isAwsError, withAwsError } from '../errors.ts';
import { listItems } from '../pages.ts';

/** Lists the names of the buckets in the client's region that begin with a prefix. */
export async function listBucketNames(s3: S3Client, prefix: string): Promise<string[]> {
  const input = { Prefix: prefix, BucketRegion: await s3.config.region() };
  const names = await listItems(
    'Cannot list the buckets',
    paginateListBuckets({ client: s3, pageSize: 1000 }, input),
    ({ Buckets }) => Buckets?.map(({ Name }) => Name),
    z.string(),
  );
  return names.filter((name) => name.startsWith(prefix));
}

/** Returns the tags of a bucket. A bucket that does not exist has none. */
export async function readBucketTags(s3: S3Client, bucket: string): Promise<Tags> {
  try {
    const request = s3.send(new GetBucketTaggingCommand({ Bucket: bucket }));
    const response = await withAwsError(`Cannot read the tags of the bucket ${bucket}`, request);
    return tagsSchema.parse(response.TagSet);
  } catch (error) {
    if (isAwsError(error, 'NoSuchTagSet', 'NoSuchBucket')) return {};
    throw error;
  }
}

const entriesSchema = z
  .array(z.object({ Key: z.string(), VersionId: z.string(), Size: z.number().default(0) }))
  .default([]);

const versionsSchema = z.object({
  Versions: entriesSchema,
  // Deleted objects have markers, which are entries of their own.
  DeleteMarkers: entriesSchema,
  NextKeyMarker: z.string().optional(),
  NextVersionIdMarker: z.string().optional(),
});

/** Yields every version of every object in a bucket, page by page. The SDK has no paginator for this request. */
async function* readVersions(s3: S3Client, bucket: string) {
  let next: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } = {};
  do {
    const request = s3.send(new ListObjectVersionsCommand({ Bucket: bucket, ...next }));
    const response = await withAwsError(`Cannot list the objects in the bucket ${bucket}`, request);
    const page = versionsSchema.parse(response);
    yield [...page.Versions, ...page.DeleteMarkers];
    next = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker };
  } while (next.KeyMarker);
}

/** Returns the bytes of all objects in a bucket, older versions included. */
export async function measureBucket(s3: S3Client, bucket: string): Promise<number> {
  let bytes = 0;
  for await (const entries of readVersions(s3, bucket)) {
    for (const { Size } of entries) bytes += Size;
  }
  return bytes;
}

/** Deletes a bucket and all objects in it. Idempotent. */
export async function deleteBucket(s3: S3Client, bucket: string): Promise<void> {
  try {
    for await (const entries of readVersions(s3, bucket)) {
      const objects = entries.map(({ Key, VersionId }) => ({ Key, VersionId }));
      if (objects.length > 0) await deleteObjects(s3, bucket, objects);
    }
    const request = s3.send(new DeleteBucketCommand({ Bucket: bucket }));
    await withAwsError(`Cannot delete the bucket ${bucket}`, request);
  } catch (error) {
    if (!isAwsError(error, 'NoSuchBucket')) throw error;
  }
}

/**
 * Deletes at most 1000 objects, the size of a page.
 * @throws OperatorError also when AWS reports failures in a successful response
 */
async function deleteObjects(s3: S3Client, bucket: string, objects: ObjectIdentifier[]) {
  const request = new DeleteObjectsCommand({
    Bucket: bucket,
    Delete: { Objects: objects, Quiet: true },
  });
  const { Errors = [] } = await withAwsError(`Cannot empty the bucket ${bucket}`, s3.send(request));
  const [first] = Errors;
  if (!first) return;
  throw new OperatorError(
    `Cannot empty the bucket ${bucket}: AWS returned ${first.Code} for ${first.Key}: ${first.Message}`,
  );
}

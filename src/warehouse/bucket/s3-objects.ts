import { createHash } from 'node:crypto';
import {
  DeleteObjectsCommand,
  GetObjectCommand,
  paginateListObjectsV2,
  type S3Client,
} from '@aws-sdk/client-s3';
import { Readable } from 'node:stream';
import { isAwsError, withAwsError } from '../../aws/errors.ts';
import { OperatorError } from '../../errors/operator-error.ts';

const DELETED_AT_ONCE = 1000;

/** A bucket with the client that reads and writes it. */
export interface Bucket {
  s3: S3Client;
  bucket: string;
}

/** An object in a bucket. */
export interface StoredObject {
  bytes: number;
  /** The MD5 of its content in hexadecimal, if it was stored in one request. */
  etag: string;
  modifiedAt: Date;
}

/** Lists the objects whose keys begin with a prefix, by their keys. */
export async function listObjects(
  { s3, bucket }: Bucket,
  prefix: string,
): Promise<Map<string, StoredObject>> {
  const objects = new Map<string, StoredObject>();
  const pages = paginateListObjectsV2({ client: s3 }, { Bucket: bucket, Prefix: prefix });
  const list = async () => {
    for await (const { Contents = [] } of pages) {
      for (const { Key = '', Size = 0, ETag = '', LastModified = new Date() } of Contents) {
        const etag = ETag.replaceAll('"', '');
        objects.set(Key, { bytes: Size, etag, modifiedAt: LastModified });
      }
    }
  };
  await withAwsError(`Cannot list the bucket ${bucket}`, list());
  return objects;
}

/** Returns whether an object has a content. False is also possible if it has the content but was stored in parts. */
export function hasContent(object: StoredObject | undefined, content: string): boolean {
  return object?.etag === createHash('md5').update(content).digest('hex');
}

/** Opens an object. Returns null if it does not exist. */
export async function openObject({ s3, bucket }: Bucket, key: string): Promise<Readable | null> {
  try {
    const request = s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    const { Body } = await withAwsError(`Cannot read s3://${bucket}/${key}`, request);
    if (!(Body instanceof Readable)) throw new Error(`The response for ${key} has no body.`);
    return Body;
  } catch (error) {
    if (isAwsError(error, 'NoSuchKey')) return null;
    throw error;
  }
}

/**
 * Deletes objects. In a versioned bucket, their old versions remain until the bucket's lifecycle rules delete them.
 * @throws OperatorError also when AWS reports failures in a successful response
 */
export async function deleteObjects({ s3, bucket }: Bucket, keys: string[]): Promise<void> {
  for (let at = 0; at < keys.length; at += DELETED_AT_ONCE) {
    const objects = keys.slice(at, at + DELETED_AT_ONCE).map((Key) => ({ Key }));
    const input = { Bucket: bucket, Delete: { Objects: objects, Quiet: true } };
    const request = s3.send(new DeleteObjectsCommand(input));
    const { Errors: [first] = [] } = await withAwsError(
      `Cannot delete objects in the bucket ${bucket}`,
      request,
    );
    if (!first) continue;
    throw new OperatorError(
      `Cannot delete s3://${bucket}/${first.Key}: AWS returned ${first.Code}: ${first.Message}`,
    );
  }
}

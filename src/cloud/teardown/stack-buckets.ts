import type { S3Client } from '@aws-sdk/client-s3';
import { listBucketNames, readBucketTags } from '../../aws/s3/buckets.ts';
import { STACK_TAG } from '../stack/stack.ts';

// CloudFormation names a bucket after its stack, and shortens a long name to no fewer characters than these.
const NAME_PREFIX_LENGTH = 12;

/** A bucket of a stack. */
export interface StackBucket {
  name: string;
  /** The content, for people: `bucket of the access logs`. */
  about: string;
}

/** Lists the buckets in this region that belong to a stack, by their tag. */
export async function listStackBuckets(s3: S3Client, stackName: string): Promise<StackBucket[]> {
  const prefix = stackName.toLowerCase().slice(0, NAME_PREFIX_LENGTH);
  const found: StackBucket[] = [];
  for (const name of await listBucketNames(s3, prefix)) {
    const tags = await readBucketTags(s3, name);
    if (tags[STACK_TAG] !== stackName) continue;
    const isOfLogs = tags['minitwit:bucket'] === 'access-logs';
    found.push({ name, about: isOfLogs ? 'bucket of the access logs' : 'bucket of the warehouse' });
  }
  return found;
}

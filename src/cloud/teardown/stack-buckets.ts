import type { S3Client } from '@aws-sdk/client-s3';
import { listBucketNames, readBucketTags } from '../../aws/s3/buckets.ts';
import { STACK_TAG } from '../stack/stack.ts';

// CloudFormation names a bucket after its stack, and shortens a long name to no fewer characters than these.
const NAME_PREFIX_LENGTH = 12;

/** Lists the names of the buckets in this region that belong to a stack, by their tag. */
export async function listStackBuckets(s3: S3Client, stackName: string): Promise<string[]> {
  const prefix = stackName.toLowerCase().slice(0, NAME_PREFIX_LENGTH);
  const found: string[] = [];
  for (const name of await listBucketNames(s3, prefix)) {
    const tags = await readBucketTags(s3, name);
    if (tags[STACK_TAG] === stackName) found.push(name);
  }
  return found;
}

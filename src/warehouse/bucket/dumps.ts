import { Readable } from 'node:stream';
import { GetObjectCommand, type S3Client, paginateListObjectsV2 } from '@aws-sdk/client-s3';
import { withAwsError } from '../../aws/errors.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import type { Dump } from '../dump/read-dump.ts';
import { dumpKey, findRunOfDump } from './keys.ts';

/** Lists the runs that have a dump in a bucket, the newest first. */
export async function listDumps(s3: S3Client, bucket: string): Promise<string[]> {
  const runs: string[] = [];
  const pages = paginateListObjectsV2({ client: s3 }, { Bucket: bucket, Prefix: 'runs/' });
  const list = async () => {
    for await (const { Contents = [] } of pages) {
      runs.push(...Contents.flatMap(({ Key }) => findRunOfDump(Key ?? '') ?? []));
    }
  };
  await withAwsError(`Cannot list the bucket ${bucket}`, list());
  // The id of a run begins with its time.
  return runs.toSorted().toReversed();
}

/**
 * Returns the dump of a run.
 * @param id the id of a run, or `latest`
 * @throws OperatorError if the bucket has no such dump
 */
export async function findDump(s3: S3Client, bucket: string, id: string): Promise<Dump> {
  const runs = await listDumps(s3, bucket);
  const run = id === 'latest' ? runs[0] : runs.find((each) => each === id);
  if (run === undefined) {
    const others = runs.length > 0 ? `: there are ${runs.join(', ')}` : '';
    const missing = id === 'latest' ? 'no dump' : `no dump of the run ${id}`;
    throw new OperatorError(`The bucket ${bucket} has ${missing}${others}.`);
  }
  const place = { Bucket: bucket, Key: dumpKey(run) };
  const name = `s3://${bucket}/${place.Key}`;
  const open = async () => {
    // S3 has no checksum of the whole object, so the SDK compares none. gzip and the dump's checksums detect damage.
    const { Body } = await withAwsError(
      `Cannot read ${name}`,
      s3.send(new GetObjectCommand(place)),
    );
    if (!(Body instanceof Readable)) throw new Error(`The response for ${name} has no body.`);
    return Body;
  };
  return { name, open };
}

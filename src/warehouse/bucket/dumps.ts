import { Readable } from 'node:stream';
import { GetObjectCommand, type S3Client, paginateListObjectsV2 } from '@aws-sdk/client-s3';
import { withAwsError } from '../../aws/errors.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import type { Dump } from '../dump/read-dump.ts';
import { dumpKey, findRunOfDump } from './keys.ts';

/** The runs that have a dump in a bucket, the newest first. */
export async function listDumps(s3: S3Client, bucket: string): Promise<string[]> {
  const runs: string[] = [];
  const pages = paginateListObjectsV2({ client: s3 }, { Bucket: bucket, Prefix: 'runs/' });
  const list = async () => {
    for await (const { Contents = [] } of pages) {
      runs.push(...Contents.flatMap(({ Key }) => findRunOfDump(Key ?? '') ?? []));
    }
  };
  await withAwsError(`Cannot look into the bucket ${bucket}`, list());
  // a run's id begins with its time
  return runs.toSorted().toReversed();
}

/**
 * Finds the dump of a run, or that of the last one.
 * @param wanted a run's id, or `latest`
 * @throws OperatorError when there is none
 */
export async function findDump(s3: S3Client, bucket: string, wanted: string): Promise<Dump> {
  const runs = await listDumps(s3, bucket);
  const run = wanted === 'latest' ? runs[0] : runs.find((each) => each === wanted);
  if (run === undefined) {
    const others = runs.length > 0 ? `: there are ${runs.join(', ')}` : '';
    const missing = wanted === 'latest' ? 'no dump' : `no dump of the run ${wanted}`;
    throw new OperatorError(`The bucket ${bucket} has ${missing}${others}.`);
  }
  const place = { Bucket: bucket, Key: dumpKey(run) };
  const name = `s3://${bucket}/${place.Key}`;
  const open = async () => {
    // S3 has checksums of parts, not of the whole, so the SDK compares nothing: gzip and the sums in the dump do
    const { Body } = await withAwsError(
      `Cannot read ${name}`,
      s3.send(new GetObjectCommand(place)),
    );
    if (!(Body instanceof Readable)) throw new Error(`${name} came without a body`);
    return Body;
  };
  return { name, open };
}

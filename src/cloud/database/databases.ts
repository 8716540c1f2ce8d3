import { DescribeDBInstancesCommand, type RDSClient } from '@aws-sdk/client-rds';
import { z } from 'zod';
import { type Tags, tagsSchema } from '../../aws/ec2/tags.ts';
import { withAwsError } from '../../aws/errors.ts';
import { STACK_TAG } from '../stack/stack.ts';

/** A database as AWS describes it. */
export interface DatabaseInstance {
  id: string;
  /** `available`, `creating`, `deleting` and many others. */
  status: string;
  /** `db.t4g.micro` and the like. */
  class: string;
  /** `8.4.11` and the like. */
  version: string;
  sizeGib: number;
  isMultiAz: boolean;
  /** For how many days its daily backups are kept. */
  backupDays: number;
  /** Until when it can be restored, five minutes ago or so; null while it has no backup. */
  restorableUntil: Date | null;
  /** Its host name; null while it has none. */
  endpoint: string | null;
  tags: Tags;
}

const databaseAnswer = z
  .object({
    DBInstanceIdentifier: z.string(),
    DBInstanceStatus: z.string(),
    DBInstanceClass: z.string(),
    EngineVersion: z.string().default(''),
    AllocatedStorage: z.number(),
    MultiAZ: z.boolean().default(false),
    BackupRetentionPeriod: z.number().default(0),
    LatestRestorableTime: z.date().optional(),
    Endpoint: z.object({ Address: z.string().optional() }).optional(),
    TagList: tagsSchema,
  })
  .transform((it): DatabaseInstance => ({
    id: it.DBInstanceIdentifier,
    status: it.DBInstanceStatus,
    class: it.DBInstanceClass,
    version: it.EngineVersion,
    sizeGib: it.AllocatedStorage,
    isMultiAz: it.MultiAZ,
    backupDays: it.BackupRetentionPeriod,
    restorableUntil: it.LatestRestorableTime ?? null,
    endpoint: it.Endpoint?.Address ?? null,
    tags: it.TagList,
  }));

const databasesAnswer = z.object({
  DBInstances: z.array(databaseAnswer).default([]),
  Marker: z.string().optional(),
});

/** The databases of a stack: one, but while another takes its place; found by their tag, however the stack is. */
export async function listDatabases(
  rds: RDSClient,
  stackName: string,
): Promise<DatabaseInstance[]> {
  const databases: DatabaseInstance[] = [];
  let marker: string | undefined;
  do {
    const request = rds.send(new DescribeDBInstancesCommand({ Marker: marker }));
    const answer = databasesAnswer.parse(await withAwsError('Cannot look for databases', request));
    databases.push(...answer.DBInstances);
    marker = answer.Marker;
  } while (marker);
  return databases.filter(({ tags }) => tags[STACK_TAG] === stackName);
}
